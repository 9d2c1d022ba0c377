using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    /// <summary>Numbers per channel of kernels/common/moments.cuh.</summary>
    private const int MomentRows = 4;

    private const int PassThreads = 256,
        MostLanes = 32,
        MomentThreads = 128,
        WarpsPerBlock = 8;

    /// <summary>Positions that one row of a block's threads sums before the blocks' sums are added.</summary>
    private const int PositionsPerThread = 32;

    private const string StatisticsFile = "normalization/statistics",
        ApplyFile = "normalization/apply",
        BackwardFile = "normalization/backward";

    public override void NormalizationStatistics(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance)
    {
        (NormalizationPassParameters pass, LaunchGeometry geometry) = Pass(problem, x);
        using Scratch partial = Rent((long)MomentRows * problem.Samples * pass.Chunks * problem.Channels * sizeof(float));
        pass.Partial = partial.Pointer;
        kernels.Launch(StatisticsFile, "normalization_statistics", geometry, pass);
        CombineMoments(problem, partial.Pointer, pass.Chunks, mean, variance);
    }

    public override void UpdateRunningStatistics(
        NormalizationProblem problem,
        double decay,
        Tensor mean,
        Tensor variance,
        Tensor runningMean,
        Tensor runningVariance
    ) =>
        kernels.Launch(
            StatisticsFile,
            "normalization_running_statistics",
            new LaunchGeometry(Divide((int)mean.Count, PassThreads), PassThreads),
            new RunningStatisticsParameters
            {
                Mean = mean.Pointer,
                Variance = variance.Pointer,
                RunningMean = runningMean.Pointer,
                RunningVariance = runningVariance.Pointer,
                Layout = LayoutOf(problem),
                Decay = (float)decay,
                Take = (float)(1 - decay),
            }
        );

    public override void NormalizationForward(
        NormalizationProblem problem,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        Tensor y
    )
    {
        long rowBytes = (long)problem.Samples * problem.Channels * sizeof(float);
        using Scratch coefficients = Rent(2 * rowBytes);
        nint shift = coefficients.Pointer + (nint)rowBytes;
        FillCoefficients(problem, mean, variance, gamma, beta, coefficients.Pointer, shift);
        kernels.LaunchElementwise(
            ApplyFile,
            "normalization_forward",
            x.Count,
            new NormalizationApplyParameters
            {
                X = x.Pointer,
                Scale = coefficients.Pointer,
                Shift = shift,
                Y = y.Pointer,
                Dropout = KernelMask(problem.Dropout),
                Slope = (float)problem.Slope,
                Channels = problem.Channels,
                PerSample = x.Count / problem.Samples,
                Count = x.Count,
            }
        );
    }

    public override void NormalizationBackward(
        NormalizationProblem problem,
        bool throughStatistics,
        Tensor gy,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        Tensor? gx,
        Tensor? ggamma,
        Tensor? gbeta
    )
    {
        int rows = problem.Samples * problem.Channels;
        nint rowBytes = rows * sizeof(float);
        using Scratch coefficients = Rent(5L * rowBytes);
        using Scratch sums = Rent(2L * rows * sizeof(double));
        (nint scale, nint shift) = (coefficients.Pointer, coefficients.Pointer + rowBytes);
        FillCoefficients(problem, mean, variance, gamma, beta, scale, shift);

        (NormalizationPassParameters pass, LaunchGeometry geometry) = Pass(problem, x);
        using Scratch partial = Rent(2L * rows * pass.Chunks * sizeof(float));
        (pass.Gy, pass.Scale, pass.Shift, pass.Mean, pass.Partial) = (gy.Pointer, scale, shift, mean.Pointer, partial.Pointer);
        kernels.Launch(BackwardFile, "normalization_backward_sums", geometry, pass);
        kernels.Launch(
            BackwardFile,
            "normalization_combine_gradients",
            new LaunchGeometry(Divide(rows, WarpsPerBlock), PassThreads),
            new CombineGradientsParameters
            {
                Partial = partial.Pointer,
                Sums = sums.Pointer,
                Layout = LayoutOf(problem),
                Chunks = pass.Chunks,
            }
        );

        nint factor = gx is null ? 0 : shift + rowBytes;
        var gradients = new GradientCoefficientsParameters
        {
            Sums = sums.Pointer,
            Mean = mean.Pointer,
            Variance = variance.Pointer,
            Gamma = gamma.Pointer,
            GGamma = ggamma?.Pointer ?? 0,
            GBeta = gbeta?.Pointer ?? 0,
            Factor = factor,
            Slant = factor + rowBytes,
            Offset = factor + (2 * rowBytes),
            Layout = LayoutOf(problem),
            Epsilon = (float)problem.Epsilon,
            ThroughStatistics = throughStatistics ? 1 : 0,
            Positions = problem.Positions,
        };
        int threads = Math.Max(rows, (int)problem.AffineShape.Count);
        kernels.Launch(
            BackwardFile,
            "normalization_gradient_coefficients",
            new LaunchGeometry(Divide(threads, PassThreads), PassThreads),
            gradients
        );
        if (gx is null)
            return;
        kernels.LaunchElementwise(
            BackwardFile,
            "normalization_backward_apply",
            x.Count,
            new NormalizationBackwardApplyParameters
            {
                X = x.Pointer,
                Gy = gy.Pointer,
                Scale = scale,
                Shift = shift,
                Factor = gradients.Factor,
                Slant = gradients.Slant,
                Offset = gradients.Offset,
                Gx = gx.Pointer,
                Dropout = KernelMask(problem.Dropout),
                Slope = (float)problem.Slope,
                Channels = problem.Channels,
                PerSample = x.Count / problem.Samples,
                Count = x.Count,
            }
        );
    }

    private KernelNormalizationLayout LayoutOf(NormalizationProblem problem) => new(problem, OnDevice(problem.Modality).Pointer);

    /// <summary>A sweep over x in chunks of positions: blocks of 256 threads over up to 32 channels.</summary>
    private (NormalizationPassParameters Pass, LaunchGeometry Geometry) Pass(NormalizationProblem problem, Tensor x)
    {
        int lanes = Math.Min(MostLanes, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)problem.Channels));
        int chunk = Math.Min(problem.Positions, PassThreads / lanes * PositionsPerThread),
            chunks = Divide(problem.Positions, chunk);
        var pass = new NormalizationPassParameters
        {
            X = x.Pointer,
            Dropout = KernelMask(problem.Dropout),
            Slope = (float)problem.Slope,
            Layout = LayoutOf(problem),
            Positions = problem.Positions,
            Chunk = chunk,
            Chunks = chunks,
            Lanes = lanes,
        };
        return (pass, new LaunchGeometry(chunks, Divide(problem.Channels, lanes), problem.Samples, PassThreads, 0));
    }

    /// <summary>
    /// Mean and variance from moments (samples, chunks, 4, channels), which a statistics pass or a convolution left.
    /// </summary>
    private void CombineMoments(NormalizationProblem problem, nint partial, int chunks, Tensor mean, Tensor variance) =>
        kernels.Launch(
            StatisticsFile,
            "normalization_combine_moments",
            new LaunchGeometry((int)mean.Count, MomentThreads),
            new CombineMomentsParameters
            {
                Partial = partial,
                Mean = mean.Pointer,
                Variance = variance.Pointer,
                Layout = LayoutOf(problem),
                Chunks = chunks,
            }
        );

    /// <summary>Scale and shift per sample and channel.</summary>
    private void FillCoefficients(
        NormalizationProblem problem,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        nint scale,
        nint shift
    ) =>
        kernels.Launch(
            ApplyFile,
            "normalization_coefficients",
            new LaunchGeometry(Divide(problem.Samples * problem.Channels, PassThreads), PassThreads),
            new NormalizationCoefficientsParameters
            {
                Mean = mean.Pointer,
                Variance = variance.Pointer,
                Gamma = gamma.Pointer,
                Beta = beta.Pointer,
                Scale = scale,
                Shift = shift,
                Layout = LayoutOf(problem),
                Epsilon = (float)problem.Epsilon,
            }
        );
}
