using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.AdaInKd;

/// <summary>
/// <see cref="AdaInKdMethod"/> on volumes: student and teacher segment the same samples, and statistics are those of each
/// sample's features. The modalities' own may be drawn together, too.
/// </summary>
internal sealed class AdaInKdVolumeMethod : VolumeMethod
{
    private readonly VolumeLabelLoss labels;
    private readonly double between;
    private readonly NetworkStage[] stages;
    private readonly VolumeTeacher? teacher;
    private readonly StatisticsComparison? comparison;
    private readonly NetworkOptimizer optimizer;

    /// <param name="backend">Computes.</param>
    /// <param name="model">What the student sees and tells apart.</param>
    /// <param name="teacher">Of the same samples; disposed of with the method. Null for none.</param>
    /// <param name="config">All settings.</param>
    public AdaInKdVolumeMethod(Backend backend, ModelDescription model, VolumeTeacher? teacher, TrainingConfig config)
        : base(backend, model.BuildNetwork(backend.Device, (ulong)config.Training.Seed), (ulong)config.Training.Seed)
    {
        this.teacher = teacher;
        labels = new VolumeLabelLoss(config.Loss, model.Modalities, Weight: 1);
        optimizer = new NetworkOptimizer(
            backend,
            Network.Parameters,
            config.Optimizer,
            config.Training,
            config.Loss,
            model.Modalities.Count
        );
        AdaInConfig settings = ((AdaInKdConfig)config.Own).Adain;
        between = settings.Between;
        stages =
            teacher is null && between == 0
                ? []
                : [.. settings.Stages.Names.Select(name => StageAdaptors.Find("the student", Network, name))];
        comparison = teacher is null ? null : new StatisticsComparison(backend, Network, teacher.Network, config);
        Modules =
        [
            new TrainingModule(TrainingModule.Predictor, Network.Parameters),
            .. teacher is null ? [] : new[] { teacher.Module },
            .. comparison is null ? [] : new[] { comparison.Module },
        ];
        Optimizers = [optimizer.Module, .. comparison?.Optimizers ?? []];
    }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    public override StepPlan Plan(long step, DeviceBatch batch) => new LabelledVolumePlan(this, step, batch, labels, Losses);

    public override IEnumerable<KeyValuePair<string, double>> Measure() => [new("l2_penalty", optimizer.Penalty())];

    public override void Dispose()
    {
        base.Dispose();
        teacher?.Dispose();
    }

    private (Variable Logits, IReadOnlyList<WeightedLoss> Others) Losses(ForwardContext pass, DeviceBatch batch)
    {
        Tape tape = pass.Tape;
        Variable images = tape.Input(batch[VariedSamples.Images]);
        var ours = new FeatureTaps(stages);
        Variable logits = Network.Forward(pass, images, ours);
        List<WeightedLoss> others = [];
        if (between > 0)
            others.Add(new("between", stages.Select(BetweenModalities).Aggregate(tape.Add), between));
        if (teacher is not null && comparison is not null)
        {
            FeatureTaps theirs = comparison.TapsOfTeacher();
            Variable own = teacher.Look(Backend, images, theirs, batch.Groups);
            others.AddRange(
                comparison.Losses(
                    pass,
                    ours,
                    theirs,
                    own,
                    output => teacher.GoOn(tape, output, batch.Groups),
                    outputs => tape.CrossEntropy(outputs, batch[VariedSamples.Labels])
                )
            );
        }

        return (logits, others);

        Variable BetweenModalities(NetworkStage stage) =>
            AdaInKdLoss.Between(tape, FeatureStatistics.Of(tape, ours[stage].Features), batch.Groups);
    }
}
