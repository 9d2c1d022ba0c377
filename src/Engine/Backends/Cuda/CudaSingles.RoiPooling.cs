using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    public override void RoiMaxPoolForward(
        RoiPoolingProblem problem,
        Tensor x,
        Tensor corners,
        Tensor? scores,
        Tensor y,
        Tensor choice
    ) => PoolRegions("roi_max_pool_forward", problem, x, corners, scores, y, choice, _ => problem.Regions);

    public override void RoiMaxPoolBackward(
        RoiPoolingProblem problem,
        Tensor gy,
        Tensor corners,
        Tensor? scores,
        Tensor choice,
        Tensor gx
    ) =>
        PoolRegions(
            "roi_max_pool_backward",
            problem,
            gy,
            corners,
            scores,
            gx,
            choice,
            lanes => problem.Images * problem.Height * PositionTiles.Divide(problem.Width, PassThreads / lanes)
        );

    /// <param name="kernel">Name without suffix.</param>
    /// <param name="problem">Sizes.</param>
    /// <param name="source">Read.</param>
    /// <param name="corners">Of the regions.</param>
    /// <param name="scores">Of the regions, or null.</param>
    /// <param name="target">Written.</param>
    /// <param name="choice">Places of the maxima.</param>
    /// <param name="blocks">Of a tile of channels, by the threads side by side along it.</param>
    private void PoolRegions(
        string kernel,
        RoiPoolingProblem problem,
        Tensor source,
        Tensor corners,
        Tensor? scores,
        Tensor target,
        Tensor choice,
        Func<int, int> blocks
    )
    {
        bool wide = SweepPlan.IsWide(problem.Channels, [source, target]);
        (int lanes, int tiles) = SweepPlan.LanesOf(problem.Channels, wide);
        kernels.Launch(
            "roi_pooling/roi_pooling",
            wide ? kernel + SweepPlan.WideSuffix : kernel,
            new LaunchGeometry(blocks(lanes), tiles, 1, PassThreads, 0),
            new RoiPoolingParameters
            {
                Source = source.Pointer,
                Target = target.Pointer,
                Choice = choice.Pointer,
                Corners = corners.Pointer,
                Scores = scores?.Pointer ?? 0,
                Regions = problem.Regions,
                Images = problem.Images,
                Height = problem.Height,
                Width = problem.Width,
                Channels = problem.Channels,
                Bins = problem.Bins,
                Lanes = lanes,
                Scale = (float)problem.Scale,
            }
        );
    }

    /// <summary>kernels/roi_pooling/parameters.cuh: RoiPoolingParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct RoiPoolingParameters
    {
        public nint Source,
            Target,
            Choice,
            Corners,
            Scores;
        public int Regions,
            Images,
            Height,
            Width,
            Channels,
            Bins,
            Lanes;
        public float Scale;
    }
}
