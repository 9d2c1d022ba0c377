using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    private const int LossThreads = 256,
        MostLossPositions = 256;

    /// <summary>More classes than this leave too few positions per block; they take the portable kernels.</summary>
    private const int MostLossClasses = 32;

    private const string LossFile = "segmentation_loss/segmentation_loss";

    public override void SegmentationLossSums(SegmentationLossProblem problem, Tensor logits, Tensor labels, Tensor sums)
    {
        if (problem.Classes > MostLossClasses)
        {
            base.SegmentationLossSums(problem, logits, labels, sums);
            return;
        }

        int classes = problem.Classes,
            width = problem.SumsShape[1];
        int chunk = Math.Min(problem.Positions, MostLossPositions),
            chunks = Divide(problem.Positions, chunk);
        using Scratch partial = Rent((long)problem.Samples * chunks * width * sizeof(double));
        int shared = ((chunk * (classes + 2)) + (WarpsPerBlock * width)) * sizeof(float);
        kernels.Launch(
            LossFile,
            "segmentation_loss_sums",
            new LaunchGeometry(chunks, problem.Samples, 1, LossThreads, shared),
            new LossSumsParameters
            {
                Logits = logits.Pointer,
                Labels = labels.Pointer,
                Partial = partial.Pointer,
                Classes = classes,
                Floor = (float)problem.ProbabilityFloor,
                Positions = problem.Positions,
                Chunk = chunk,
                Chunks = chunks,
            }
        );
        kernels.Launch(
            LossFile,
            "segmentation_loss_combine",
            new LaunchGeometry(Divide((int)sums.Count, WarpsPerBlock), LossThreads),
            new CombineLossSumsParameters
            {
                Partial = partial.Pointer,
                Sums = sums.Pointer,
                Modality = OnDevice(problem.Modality).Pointer,
                Samples = problem.Samples,
                Modalities = problem.Modality.Modalities,
                Width = width,
                Chunks = chunks,
            }
        );
    }

    public override void SegmentationLossGradient(
        SegmentationLossProblem problem,
        Tensor logits,
        Tensor labels,
        Tensor coefficients,
        Tensor gz
    )
    {
        if (problem.Classes > MostLossClasses)
        {
            base.SegmentationLossGradient(problem, logits, labels, coefficients, gz);
            return;
        }

        int shared = problem.CoefficientsShape[1] * sizeof(float);
        var geometry = new LaunchGeometry(KernelLibrary.Blocks(problem.Positions), problem.Samples, 1, LossThreads, shared);
        kernels.Launch(
            LossFile,
            "segmentation_loss_gradient",
            geometry,
            new LossGradientParameters
            {
                Logits = logits.Pointer,
                Labels = labels.Pointer,
                Coefficients = coefficients.Pointer,
                Modality = OnDevice(problem.Modality).Pointer,
                Gradient = gz.Pointer,
                Classes = problem.Classes,
                Floor = (float)problem.ProbabilityFloor,
                Positions = problem.Positions,
            }
        );
    }

    /// <summary>kernels/segmentation_loss/parameters.cuh: LossSums.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LossSumsParameters
    {
        public nint Logits,
            Labels,
            Partial;
        public int Classes;
        public float Floor;
        public long Positions;
        public int Chunk,
            Chunks;
    }

    /// <summary>CombineLossSums.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct CombineLossSumsParameters
    {
        public nint Partial,
            Sums,
            Modality;
        public int Samples,
            Modalities,
            Width,
            Chunks;
    }

    /// <summary>LossGradient.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LossGradientParameters
    {
        public nint Logits,
            Labels,
            Coefficients,
            Modality,
            Gradient;
        public int Classes;
        public float Floor;
        public long Positions;
    }
}
