using System.Runtime.InteropServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    public override void MaxPoolForward(PoolingProblem problem, Tensor x, Tensor y, Tensor choice) =>
        Pool("max_pool_forward", problem, x, y, choice);

    public override void MaxPoolBackward(PoolingProblem problem, Tensor gy, Tensor choice, Tensor gx) =>
        Pool("max_pool_backward", problem, gy, gx, choice);

    public override void AveragePoolForward(PoolingProblem problem, Tensor x, Tensor y) =>
        Pool("average_pool_forward", problem, x, y, null);

    public override void AveragePoolBackward(PoolingProblem problem, Tensor gy, Tensor gx) =>
        Pool("average_pool_backward", problem, gy, gx, null);

    private void Pool(string kernel, PoolingProblem problem, Tensor source, Tensor target, Tensor? choice) =>
        kernels.LaunchElementwise(
            "pooling/pooling",
            kernel,
            target.Count,
            new PoolingParameters
            {
                Source = source.Pointer,
                Target = target.Pointer,
                Choice = choice?.Pointer ?? 0,
                Count = target.Count,
                Channels = problem.Channels,
                Input = problem.Input,
                Output = problem.Output,
                Window = problem.Window,
                Stride = problem.Stride,
                Pad = problem.PadBefore,
            }
        );

    /// <summary>kernels/pooling/parameters.cuh: PoolingParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PoolingParameters
    {
        public nint Source,
            Target,
            Choice;
        public long Count;
        public int Channels;
        public KernelSize Input,
            Output,
            Window,
            Stride,
            Pad;
    }
}
