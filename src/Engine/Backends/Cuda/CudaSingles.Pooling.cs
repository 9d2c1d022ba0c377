using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    public override void MaxPoolForward(PoolingProblem problem, Tensor x, Tensor y, Tensor choice) =>
        Pool("max_pool_forward", problem, x, y, choice, problem.Output);

    public override void MaxPoolBackward(PoolingProblem problem, Tensor gy, Tensor choice, Tensor gx) =>
        Pool("max_pool_backward", problem, gy, gx, choice, problem.Input);

    public override void AveragePoolForward(PoolingProblem problem, Tensor x, Tensor y) =>
        Pool("average_pool_forward", problem, x, y, null, problem.Output);

    public override void AveragePoolBackward(PoolingProblem problem, Tensor gy, Tensor gx) =>
        Pool("average_pool_backward", problem, gy, gx, null, problem.Input);

    /// <param name="kernel">Name without suffix.</param>
    /// <param name="problem">Sizes.</param>
    /// <param name="source">Read.</param>
    /// <param name="target">Written, a block per row along the width.</param>
    /// <param name="choice">Of a maximum; null for an average, which has no kernel of eight channels a thread.</param>
    /// <param name="size">Of the target.</param>
    private void Pool(string kernel, PoolingProblem problem, Tensor source, Tensor target, Tensor? choice, Size3 size)
    {
        bool wide = choice is not null && SweepPlan.IsWide(problem.Channels, [source, target]);
        (int lanes, int tiles) = SweepPlan.LanesOf(problem.Channels, wide);
        int rows = checked((int)(target.Count / problem.Channels / size.Width));
        kernels.Launch(
            "pooling/pooling",
            wide ? kernel + SweepPlan.WideSuffix : kernel,
            new LaunchGeometry(rows, tiles, 1, PassThreads, 0),
            new PoolingParameters
            {
                Source = source.Pointer,
                Target = target.Pointer,
                Choice = choice?.Pointer ?? 0,
                Channels = problem.Channels,
                Input = problem.Input,
                Output = problem.Output,
                Window = problem.Window,
                Stride = problem.Stride,
                Pad = problem.PadBefore,
                Lanes = lanes,
                WidthInverse =
                    problem.Stride.Width == 1 ? 0 : (uint)(((1L << 32) + problem.Stride.Width - 1) / problem.Stride.Width),
            }
        );
    }

    /// <summary>kernels/pooling/parameters.cuh: PoolingParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PoolingParameters
    {
        public nint Source,
            Target,
            Choice;
        public int Channels;
        public KernelSize Input,
            Output,
            Window,
            Stride,
            Pad;
        public int Lanes;
        public uint WidthInverse;
    }
}
