using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    private const string AugmentationFile = "augmentation/augmentation";

    private const int MostAugmentedPositions = 1024,
        MomentsOfChunk = 4;

    public override void Augment(
        AugmentationProblem problem,
        Tensor x,
        Tensor labels,
        Tensor variation,
        Tensor y,
        Tensor variedLabels
    )
    {
        int chunk = Math.Min(problem.Positions, MostAugmentedPositions),
            chunks = Divide(problem.Positions, chunk),
            shared = 2 * problem.ControlPoints * problem.ControlPoints * sizeof(float);
        using Scratch partial = Rent((long)problem.Samples * problem.Volumes * chunks * MomentsOfChunk * sizeof(double));
        var parameters = new AugmentationParameters
        {
            X = x.Pointer,
            Labels = labels.Pointer,
            Variation = variation.Pointer,
            Y = y.Pointer,
            VariedLabels = variedLabels.Pointer,
            Partial = partial.Pointer,
            Depth = problem.Depth,
            Height = problem.Height,
            Width = problem.Width,
            Channels = problem.Channels,
            Volumes = problem.Volumes,
            ControlPoints = problem.ControlPoints,
            Chunk = chunk,
            Chunks = chunks,
        };
        kernels.Launch(
            AugmentationFile,
            "augmentation_resample",
            new LaunchGeometry(chunks, problem.Samples, problem.Volumes, PassThreads, shared),
            parameters
        );
        kernels.Launch(
            AugmentationFile,
            "augmentation_intensities",
            new LaunchGeometry(chunks, problem.Samples, problem.Volumes, PassThreads, 0),
            parameters
        );
    }

    /// <summary>kernels/augmentation/parameters.cuh: AugmentationParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct AugmentationParameters
    {
        public nint X,
            Labels,
            Variation,
            Y,
            VariedLabels,
            Partial;
        public int Depth,
            Height,
            Width,
            Channels,
            Volumes,
            ControlPoints,
            Chunk,
            Chunks;
    }
}
