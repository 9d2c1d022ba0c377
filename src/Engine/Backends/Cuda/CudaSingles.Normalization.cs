using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    /// <summary>Numbers per channel of kernels/common/moments.cuh.</summary>
    private const int MomentRows = 4;

    private const int PassThreads = 256,
        MomentThreads = 128,
        WarpsPerBlock = 8;

    private const string StatisticsFile = "normalization/statistics",
        ApplyFile = "normalization/apply",
        BackwardFile = "normalization/backward";

    public override void NormalizationStatistics(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance)
    {
        SweepPlan sweep = Sweep(problem, x);
        using Scratch partial = Rent((long)MomentRows * problem.Samples * sweep.Chunks * problem.Channels * sizeof(float));
        using DrawnMask drawn = Draw(problem.Dropout, x.Count);
        NormalizationPassParameters pass = Pass(problem, sweep, x, drawn, partial.Pointer);
        kernels.Launch(StatisticsFile, "normalization_statistics" + sweep.Suffix, sweep.Geometry, pass);
        CombineMoments(problem, partial.Pointer, sweep.Chunks, mean, variance);
    }

    public override void UpdateRunningStatistics(
        NormalizationProblem problem,
        double decay,
        Tensor mean,
        Tensor variance,
        Tensor runningMean,
        Tensor runningVariance
    ) => UpdateRunningStatistics([new RunningUpdate(problem, decay, mean, variance, runningMean, runningVariance)]);

    /// <summary>One launch for every 48 updates, no two of which are of the same running statistics.</summary>
    public override void UpdateRunningStatistics(IReadOnlyList<RunningUpdate> updates)
    {
        var together = new List<RunningUpdate>();
        foreach (RunningUpdate update in updates)
        {
            if (
                together.Count == RunningTable.Size
                || together.Exists(other => other.RunningMean.Pointer == update.RunningMean.Pointer)
            )
            {
                Launch(together);
                together.Clear();
            }

            together.Add(update);
        }

        if (together.Count > 0)
            Launch(together);
    }

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
        using Coefficients coefficients = CoefficientsOf(new InputNormalization(problem, mean, variance, gamma, beta));
        using DrawnMask drawn = Draw(problem.Dropout, x.Count);
        SweepPlan sweep = Sweep(problem, x, y);
        kernels.Launch(
            ApplyFile,
            "normalization_forward" + sweep.Suffix,
            sweep.Geometry,
            new NormalizationApplyParameters
            {
                X = x.Pointer,
                Scale = coefficients.Scale,
                Shift = coefficients.Shift,
                Y = y.Pointer,
                Dropout = drawn.Kernel,
                Slope = (float)problem.Slope,
                Sweep = sweep.Parameters,
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
    ) =>
        FusedNormalizationBackward(
            new InputNormalization(problem, mean, variance, gamma, beta),
            throughStatistics,
            gy,
            x,
            gx,
            ggamma,
            gbeta
        );

    internal override void FusedNormalizationBackward(
        InputNormalization input,
        bool throughStatistics,
        Tensor gy,
        Tensor x,
        Tensor? gx,
        Tensor? ggamma,
        Tensor? gbeta
    )
    {
        (NormalizationProblem problem, Tensor mean, Tensor variance, Tensor gamma, _) = input;
        int rows = problem.Samples * problem.Channels;
        nint rowBytes = rows * sizeof(float);
        using Coefficients coefficients = CoefficientsOf(input);
        using Scratch ofInput = Rent(3L * rowBytes);
        using Scratch sums = Rent(2L * rows * sizeof(double));
        SweepPlan sweep = Sweep(problem, x, gy);
        using Scratch partial = Rent(2L * rows * sweep.Chunks * sizeof(float));
        using DrawnMask drawn = Draw(problem.Dropout, x.Count);
        NormalizationPassParameters pass = Pass(problem, sweep, x, drawn, partial.Pointer);
        (pass.Gy, pass.Scale, pass.Shift, pass.Mean) = (gy.Pointer, coefficients.Scale, coefficients.Shift, mean.Pointer);
        kernels.Launch(BackwardFile, "normalization_backward_sums" + sweep.Suffix, sweep.Geometry, pass);
        nint factor = gx is null ? 0 : ofInput.Pointer;
        var gradients = new GradientCoefficientsParameters
        {
            Partial = partial.Pointer,
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
            Chunks = sweep.Chunks,
        };
        LaunchGradientCoefficients(problem, gradients);
        if (gx is null)
            return;
        sweep = Sweep(problem, x, gy, gx);
        kernels.Launch(
            BackwardFile,
            "normalization_backward_apply" + sweep.Suffix,
            sweep.Geometry,
            new NormalizationBackwardApplyParameters
            {
                X = x.Pointer,
                Gy = gy.Pointer,
                Scale = coefficients.Scale,
                Shift = coefficients.Shift,
                Factor = gradients.Factor,
                Slant = gradients.Slant,
                Offset = gradients.Offset,
                Gx = gx.Pointer,
                Dropout = drawn.Kernel,
                Slope = (float)problem.Slope,
                Sweep = sweep.Parameters,
            }
        );
    }

    /// <summary>What comes between the two passes: in one launch where no channels share statistics.</summary>
    private void LaunchGradientCoefficients(NormalizationProblem problem, GradientCoefficientsParameters gradients)
    {
        if (problem.StatisticsGroups == problem.Channels)
        {
            LaunchGradients("normalization_channel_gradients", problem.Channels);
            return;
        }

        int rows = problem.Samples * problem.Channels;
        LaunchGradients("normalization_combine_gradients", Divide(rows, WarpsPerBlock));
        LaunchGradients(
            "normalization_gradient_coefficients",
            Divide(Math.Max(rows, (int)problem.AffineShape.Count), PassThreads)
        );

        void LaunchGradients(string kernel, int blocks) =>
            kernels.Launch(BackwardFile, kernel, new LaunchGeometry(blocks, PassThreads), gradients);
    }

    private void Launch(List<RunningUpdate> updates)
    {
        var table = default(RunningTable);
        for (int i = 0; i < updates.Count; i++)
        {
            RunningUpdate update = updates[i];
            table.Updates[i] = new RunningUpdateParameters
            {
                Mean = update.Mean.Pointer,
                Variance = update.Variance.Pointer,
                RunningMean = update.RunningMean.Pointer,
                RunningVariance = update.RunningVariance.Pointer,
                Layout = LayoutOf(update.Problem),
                Decay = (float)update.Decay,
                Take = (float)(1 - update.Decay),
            };
        }

        kernels.LaunchTable(
            StatisticsFile,
            "normalization_running_statistics",
            updates.Max(update => update.Mean.Count),
            updates.Count,
            table
        );
    }

    private KernelNormalizationLayout LayoutOf(NormalizationProblem problem) => new(problem, OnDevice(problem.Modality).Pointer);

    private static SweepPlan Sweep(NormalizationProblem problem, params ReadOnlySpan<Tensor> tensors) =>
        SweepPlan.Over(problem.Samples, problem.Positions, problem.Channels, tensors);

    private NormalizationPassParameters Pass(
        NormalizationProblem problem,
        SweepPlan sweep,
        Tensor x,
        DrawnMask drawn,
        nint partial
    ) =>
        new()
        {
            X = x.Pointer,
            Partial = partial,
            Dropout = drawn.Kernel,
            Slope = (float)problem.Slope,
            Layout = LayoutOf(problem),
            Sweep = sweep.Parameters,
            Chunks = sweep.Chunks,
        };

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

    /// <summary>Scale and shift per sample and channel; those that were kept where there are any.</summary>
    private Coefficients CoefficientsOf(InputNormalization input)
    {
        (int samples, int channels) = (input.Problem.Samples, input.Problem.Channels);
        nint rowBytes = samples * channels * sizeof(float);
        // It may take memory, too, and fail: before there is anything to return.
        KernelNormalizationLayout layout = LayoutOf(input.Problem);
        if (input.Kept is not { } kept)
        {
            Scratch own = Rent(2L * rowBytes);
            return Fill(input, layout, new Coefficients(own.Pointer, own.Pointer + rowBytes, own));
        }

        bool known = kept.Values is not null;
        kept.Values ??= Tensor.Allocate(Device, new Shape(2, samples, channels), DType.Float32);
        var coefficients = new Coefficients(kept.Values.Pointer, kept.Values.Pointer + rowBytes, null);
        return known ? coefficients : Fill(input, layout, coefficients);
    }

    private Coefficients Fill(InputNormalization input, KernelNormalizationLayout layout, Coefficients coefficients)
    {
        NormalizationProblem problem = input.Problem;
        kernels.Launch(
            ApplyFile,
            "normalization_coefficients",
            new LaunchGeometry(Divide(problem.Samples * problem.Channels, PassThreads), PassThreads),
            new NormalizationCoefficientsParameters
            {
                Mean = input.Mean.Pointer,
                Variance = input.Variance.Pointer,
                Gamma = input.Gamma.Pointer,
                Beta = input.Beta.Pointer,
                Scale = coefficients.Scale,
                Shift = coefficients.Shift,
                Layout = layout,
                Epsilon = (float)problem.Epsilon,
            }
        );
        return coefficients;
    }

    /// <summary>Where the scale and the shift per sample and channel are, and who returns their memory.</summary>
    private readonly struct Coefficients(nint scale, nint shift, Scratch? own) : IDisposable
    {
        public nint Scale => scale;

        public nint Shift => shift;

        public void Dispose() => own?.Dispose();
    }
}
