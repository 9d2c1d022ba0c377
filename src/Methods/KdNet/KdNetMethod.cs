using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.KdNet;

/// <summary>
/// KD-Net: a student that sees few channels of a case learns from labels and from a teacher that sees all of them. Hu, Maillard
/// et al. 2020, arXiv:2106.09564. Without a teacher, plain supervised training.
/// </summary>
public sealed class KdNetMethod : VolumeMethod
{
    private const string ProjectionName = "projection";

    private readonly IReadOnlyList<string> modalities;
    private readonly LossConfig labels;
    private readonly NetworkOptimizer optimizer;
    private readonly Teacher? owned;

    /// <param name="backend">Computes.</param>
    /// <param name="student">Is trained; disposed of with the method.</param>
    /// <param name="teacher">What it learns from beside the labels; null for nothing.</param>
    /// <param name="channels">Of the images, those that the student sees.</param>
    /// <param name="labels">The loss on labels.</param>
    /// <param name="settings">Weights of the losses.</param>
    /// <param name="rates">The optimizer.</param>
    /// <param name="seed">Of dropout, and of the projection's weights.</param>
    /// <param name="modalities">Names, by modality index.</param>
    internal KdNetMethod(
        Backend backend,
        ISegmentationNetwork student,
        Teacher? teacher,
        IReadOnlyList<Range> channels,
        LossConfig labels,
        KdNetTeacherConfig settings,
        OptimizerConfig rates,
        ulong seed,
        IReadOnlyList<string> modalities
    )
        : base(backend, student, seed)
    {
        (this.labels, this.modalities, Channels) = (labels, modalities, channels);
        Distillation = new KdNetLoss(teacher is null ? settings with { Lambda = 1 } : settings);
        Teacher = Distillation.Distills ? teacher : null;
        optimizer = new NetworkOptimizer(backend, student.Parameters, rates, labels, modalities.Count);
        var modules = new List<TrainingModule> { new(TrainingModule.Predictor, student.Parameters) };
        var optimizers = new List<ModuleOptimizer> { optimizer.Module };
        if (teacher is not null)
            modules.Add(teacher.Module);
        if (Distillation.ComparesBottlenecks && teacher!.Bottleneck.Channels != student.Bottleneck.Channels)
        {
            var store = new ParameterStore(backend.Device, DType.Float32, seed);
            Projection = new Conv(
                store,
                ProjectionName,
                student.Bottleneck.Channels,
                teacher.Bottleneck.Channels,
                Size3.One,
                Initializer.Normal(Math.Sqrt(1.0 / student.Bottleneck.Channels)),
                hasBias: true
            );
            modules.Add(new TrainingModule(ProjectionName, store));
            optimizers.Add(
                new NetworkOptimizer(backend, store, rates, labels, modalities.Count, ProjectionName, optimizers.Count).Module
            );
        }

        (Modules, Optimizers, owned) = (modules, optimizers, teacher);
    }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    /// <summary>Looks at the images; null where nothing is learnt from it.</summary>
    internal Teacher? Teacher { get; }

    internal KdNetLoss Distillation { get; }

    /// <summary>From the student's bottleneck to as many channels as the teacher's has; null where they are as many.</summary>
    internal Conv? Projection { get; }

    /// <summary>Runs of the images' channels that the student sees.</summary>
    internal IReadOnlyList<Range> Channels { get; }

    public override StepPlan Plan(long step, DeviceBatch batch) => new KdNetPlan(this, step, batch);

    public override IEnumerable<KeyValuePair<string, double>> Measure() => [new("l2_penalty", optimizer.Penalty())];

    public override void Dispose()
    {
        base.Dispose();
        owned?.Dispose();
    }

    /// <summary>Sizes of the loss on labels.</summary>
    internal SegmentationLossProblem ProblemOf(Shape logits, ModalityIndex groups) => LabelLoss.ProblemOf(labels, logits, groups);

    /// <summary>The losses of a batch, and the derivatives of those on labels.</summary>
    /// <param name="problem">Sizes.</param>
    /// <param name="sums">What the pass over the logits left.</param>
    /// <param name="outputs">Divergence of the outputs; 0 where there is no teacher.</param>
    /// <param name="bottlenecks">Divergence of the bottlenecks.</param>
    internal (LossReport Report, double[] Coefficients) Terms(
        SegmentationLossProblem problem,
        double[] sums,
        double outputs,
        double bottlenecks
    )
    {
        var coefficients = new LossCoefficients(problem);
        double weight = Distillation.LabelWeight;
        var onLabels = new DiceCrossEntropy(
            SegmentationSums.Of(problem, sums),
            weight * labels.DiceWeight,
            weight * labels.CeWeight,
            coefficients
        );
        List<LossTerm> terms = [.. LabelLoss.Terms(onLabels, modalities)];
        double total = onLabels.Total;
        if (Distillation.Distills)
        {
            total += Distillation.OutputWeight * outputs;
            terms.Add(new LossTerm("kd_output", outputs, "divergence from the teacher's outputs"));
        }

        if (Distillation.ComparesBottlenecks)
        {
            total += Distillation.BottleneckWeight * bottlenecks;
            terms.Add(new LossTerm("kd_bottleneck", bottlenecks, "divergence from the teacher's bottleneck"));
        }

        return (new LossReport(total, terms), coefficients.Values);
    }
}
