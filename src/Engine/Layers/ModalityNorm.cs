using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Layers;

/// <summary>Choices that all normalizations of a network share.</summary>
/// <param name="Kind">Over what the moments are taken.</param>
/// <param name="Modalities">Copies of gamma, beta and running statistics; 1 to share one.</param>
/// <param name="Decay">running = decay * running + (1 - decay) * batch.</param>
/// <param name="Epsilon">Added to the variance.</param>
/// <param name="Slope">Slope of the leaky ReLU that follows.</param>
/// <param name="Groups">Groups of <see cref="NormalizationKind.Group"/>.</param>
public sealed record NormalizationSettings(
    NormalizationKind Kind = NormalizationKind.Batch,
    int Modalities = 2,
    double Decay = 0.9,
    double Epsilon = 1e-3,
    double Slope = 0.2,
    int Groups = 16
);

/// <summary>
/// Normalization with one gamma, beta and pair of running statistics per modality (or one for all, see
/// <see cref="ParameterSharing"/>), followed by a leaky ReLU. The statistics of a modality
/// without a sample in the batch stay untouched. Dou et al. 2020, arXiv:2001.03111, section II-B.
/// </summary>
public sealed class ModalityNorm
{
    private readonly string name;
    private readonly NormalizationSettings settings;
    private readonly Parameter gamma;
    private readonly Parameter beta;
    private readonly Parameter? runningMean;
    private readonly Parameter? runningVariance;

    /// <param name="store">Gets the parameters.</param>
    /// <param name="name">Path of the layer, which begins the names of its parameters.</param>
    /// <param name="channels">Of the input.</param>
    /// <param name="settings">Choices that all normalizations of a network share.</param>
    public ModalityNorm(ParameterStore store, string name, int channels, NormalizationSettings settings)
    {
        this.name = name;
        int copies = store.Sharing?.NormalizationCopies(name) ?? settings.Modalities;
        this.settings = settings with { Modalities = copies };
        var shape = new Shape(copies, channels);
        gamma = store.Create($"{name}.gamma", shape, ParameterKind.Affine, Initializer.Ones);
        beta = store.Create($"{name}.beta", shape, ParameterKind.Affine, Initializer.Zeros);
        if (settings.Kind == NormalizationKind.Batch)
        {
            runningMean = store.Create($"{name}.running_mean", shape, ParameterKind.Statistic, Initializer.Zeros);
            runningVariance = store.Create($"{name}.running_variance", shape, ParameterKind.Statistic, Initializer.Ones);
        }
    }

    /// <param name="context">The pass.</param>
    /// <param name="x">(N, D, H, W, channels).</param>
    /// <param name="dropout">Applied to x first.</param>
    public Variable Forward(ForwardContext context, Variable x, DropoutMask dropout) =>
        context.Tape.Normalize(Prepare(context, x, dropout), x);

    /// <summary>What a convolution needs to normalize x while it reads it.</summary>
    /// <param name="context">The pass.</param>
    /// <param name="x">(N, D, H, W, channels).</param>
    /// <param name="dropout">Applied to x first.</param>
    /// <param name="statistics">Statistics of x that its producer left (see <see cref="RequestStatistics"/>); taken from x where
    /// there are none.</param>
    /// <param name="hasOneReader">False where several operations read the result, which then leave its statistics to the
    /// scope.</param>
    public NormalizedInput Prepare(
        ForwardContext context,
        Variable x,
        DropoutMask dropout,
        OutputStatistics? statistics = null,
        bool hasOneReader = true
    )
    {
        NormalizationProblem problem = Problem(context, x.Shape, dropout);
        if (UsesRunningStatistics(context))
            return new NormalizedInput(
                problem,
                runningMean!.Value,
                runningVariance!.Value,
                gamma.Variable,
                beta.Variable,
                OfInput: false
            );
        if (statistics is null)
        {
            statistics = NewStatistics(context, problem);
            context.Tape.Backend.NormalizationStatistics(problem, x.Value, statistics.Mean, statistics.Variance);
        }

        Observe(context, problem, statistics.Mean, statistics.Variance);
        return new NormalizedInput(
            problem,
            statistics.Mean,
            statistics.Variance,
            gamma.Variable,
            beta.Variable,
            OfInput: true,
            IsOwned: hasOneReader
        );
    }

    /// <summary>
    /// Statistics that the producer of a tensor of that shape shall leave for <see cref="Prepare"/>; null where running
    /// statistics serve.
    /// </summary>
    public OutputStatistics? RequestStatistics(ForwardContext context, Shape shape, DropoutMask dropout) =>
        UsesRunningStatistics(context) ? null : NewStatistics(context, Problem(context, shape, dropout));

    private OutputStatistics NewStatistics(ForwardContext context, NormalizationProblem problem)
    {
        DType type = gamma.Variable.DType;
        return new OutputStatistics(
            problem,
            context.Tape.Allocate(problem.StatisticsShape, type),
            context.Tape.Allocate(problem.StatisticsShape, type)
        );
    }

    private bool UsesRunningStatistics(ForwardContext context) => runningMean is not null && !context.Training;

    private NormalizationProblem Problem(ForwardContext context, Shape shape, DropoutMask dropout)
    {
        ModalityIndex modality = settings.Modalities == 1 ? ModalityIndex.Single(1, 0, shape[0]) : context.RequireModality(name);
        return new NormalizationProblem(
            shape,
            settings.Kind,
            modality,
            settings.Groups,
            settings.Epsilon,
            settings.Slope,
            dropout
        );
    }

    private void Observe(ForwardContext context, NormalizationProblem problem, Tensor mean, Tensor variance)
    {
        if (runningMean is not null && runningVariance is not null)
            context.Defer(new RunningUpdate(problem, settings.Decay, mean, variance, runningMean.Value, runningVariance.Value));
    }
}
