using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.AdaInKd;

/// <summary>
/// Distillation via adaptive instance normalization: the teacher's features get the student's statistics, and the rest of the
/// frozen
/// teacher says how good they are. Yang, Martinez, Bulat, Tzimiropoulos 2020, arXiv:2003.04289. Without a teacher, plain
/// supervised
/// training.
/// </summary>
internal sealed class AdaInKdMethod : ImageMethod
{
    private readonly AdaInConfig settings;
    private readonly ImageTeacher? teacher;
    private readonly StageAdaptors? adaptors;
    private readonly NetworkOptimizer optimizer;

    /// <param name="backend">Computes.</param>
    /// <param name="model">What the student sees and tells apart.</param>
    /// <param name="teacher">Of the same images and classes; disposed of with the method. Null for none.</param>
    /// <param name="config">All settings.</param>
    public AdaInKdMethod(Backend backend, ClassifierDescription model, ImageTeacher? teacher, TrainingConfig config)
        : base(backend, model.BuildNetwork(backend.Device, (ulong)config.Training.Seed), model, (ulong)config.Training.Seed)
    {
        (this.teacher, settings) = (teacher, ((AdaInKdConfig)config.Own).Adain);
        optimizer = new NetworkOptimizer(backend, Network.Parameters, config.Optimizer, config.Loss, 1);
        List<TrainingModule> modules = [new(TrainingModule.Predictor, Network.Parameters)];
        List<ModuleOptimizer> optimizers = [optimizer.Module];
        if (teacher is not null)
        {
            modules.Add(teacher.Module);
            adaptors = new StageAdaptors(backend.Device, Network, teacher.Network, settings.Stages, Seed);
            modules.Add(new TrainingModule(StageAdaptors.Name, adaptors.Parameters));
            if (adaptors.Parameters.All.Count > 0)
                optimizers.Add(
                    new NetworkOptimizer(
                        backend,
                        adaptors.Parameters,
                        config.Optimizer,
                        config.Loss,
                        1,
                        StageAdaptors.Name,
                        optimizers.Count
                    ).Module
                );
        }

        (Modules, Optimizers) = (modules, optimizers);
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
        Tensor labels = batch[ImageSamples.Labels];
        var taps = new FeatureTaps([.. adaptors?.Stages.Select(pair => pair.Student) ?? []]);
        Variable logits = Network.Forward(pass, images, taps);
        List<WeightedLoss> losses = [new(ImageLabelLoss.Name, ImageLabelLoss.Of(tape, logits, labels))];
        if (teacher is null || adaptors is null)
            return losses;

        var theirs = new FeatureTaps([.. adaptors.Stages.Select(pair => pair.Teacher)]);
        Variable own = teacher.Look(Backend, images, theirs);
        List<Variable> differences = [],
            verdicts = [];
        foreach ((NetworkStage ofStudent, NetworkStage ofTeacher) in adaptors.Stages)
        {
            Variable features = tape.Input(theirs[ofTeacher].Features.Value);
            (Variable, Variable) known = AdaInKdLoss.Statistics(tape, features),
                learnt = AdaInKdLoss.Statistics(tape, adaptors.Adapt(pass, ofStudent, taps[ofStudent].Features));
            differences.Add(AdaInKdLoss.Difference(tape, learnt, known));
            if (settings.Adaptive > 0)
            {
                Variable transferred = AdaInKdLoss.Transfer(tape, features, known, learnt);
                verdicts.Add(Verdict(tape, teacher.GoOn(tape, new StageOutput(ofTeacher, transferred)), own, labels));
            }
        }

        losses.Add(new("statistics", differences.Aggregate(tape.Add), settings.Statistics));
        if (verdicts.Count > 0)
            losses.Add(new("adaptive", verdicts.Aggregate(tape.Add), settings.Adaptive));
        return losses;
    }

    /// <summary>How far the teacher's outputs with the student's statistics are from what they should be: a scalar.</summary>
    private Variable Verdict(Tape tape, Variable outputs, Variable own, Tensor labels) =>
        settings.Verdict switch
        {
            TeacherVerdict.Logits => AdaInKdLoss.MeanSquare(tape, outputs, tape.Input(own.Value)),
            TeacherVerdict.Divergence => tape.SoftmaxKl(tape.Input(own.Value), outputs, settings.Temperature),
            TeacherVerdict.Labels => ImageLabelLoss.Of(tape, outputs, labels),
            _ => throw new InvalidOperationException($"no verdict {settings.Verdict}"),
        };
}
