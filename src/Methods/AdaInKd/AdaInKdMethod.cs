using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.AdaInKd;

/// <summary>
/// Distillation via adaptive instance normalization: the teacher's features get the student's statistics, and the rest of the
/// frozen teacher says how good they are. Yang, Martinez, Bulat, Tzimiropoulos 2020, arXiv:2003.04289. Without a teacher, plain
/// supervised training.
/// </summary>
internal sealed class AdaInKdMethod : ImageMethod
{
    private readonly ImageTeacher? teacher;
    private readonly StatisticsComparison? comparison;
    private readonly NetworkOptimizer optimizer;

    /// <param name="backend">Computes.</param>
    /// <param name="model">What the student sees and tells apart.</param>
    /// <param name="teacher">Of the same images and classes; disposed of with the method. Null for none.</param>
    /// <param name="config">All settings.</param>
    public AdaInKdMethod(Backend backend, ClassifierDescription model, ImageTeacher? teacher, TrainingConfig config)
        : base(backend, model.BuildNetwork(backend.Device, (ulong)config.Training.Seed), model, (ulong)config.Training.Seed)
    {
        this.teacher = teacher;
        optimizer = new NetworkOptimizer(backend, Network.Parameters, config.Optimizer, config.Training, config.Loss, 1);
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

    public override StepPlan Plan(long step, DeviceBatch batch) => new ComposedLossPlan(this, step, batch, Losses);

    public override IEnumerable<KeyValuePair<string, double>> Measure() => [new("l2_penalty", optimizer.Penalty())];

    public override void Dispose()
    {
        base.Dispose();
        teacher?.Dispose();
    }

    private IReadOnlyList<WeightedLoss> Losses(ForwardContext pass, DeviceBatch batch)
    {
        Tape tape = pass.Tape;
        Variable images = tape.Input(batch[ImageSamples.Images]);
        FeatureTaps? ours = comparison?.TapsOfStudent();
        Variable logits = Network.Forward(pass, images, ours);
        WeightedLoss onLabels = new(ImageLabelLoss.Name, OnLabels(logits));
        if (teacher is null || comparison is null)
            return [onLabels];
        FeatureTaps theirs = comparison.TapsOfTeacher();
        Variable own = teacher.Look(Backend, images, theirs);
        return [onLabels, .. comparison.Losses(pass, ours!, theirs, own, output => teacher.GoOn(tape, output), OnLabels)];

        Variable OnLabels(Variable outputs) => ImageLabelLoss.Of(tape, outputs, batch[ImageSamples.Labels]);
    }
}
