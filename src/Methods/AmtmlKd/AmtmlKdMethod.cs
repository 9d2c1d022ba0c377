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

namespace UnpairedSegEngine.Methods.AmtmlKd;

/// <summary>
/// AMTML-KD: a student learns from labels and from several teachers, whose soft targets are weighed anew for every sample, whose
/// relations between samples it imitates, and of whose features each teaches one group of layers. Liu, Zhang, Wang 2020,
/// Neurocomputing 415. Without teachers, plain supervised training.
/// </summary>
internal sealed class AmtmlKdMethod : ImageMethod
{
    private readonly AmtmlConfig settings;
    private readonly bool reference;
    private readonly IReadOnlyList<ImageTeacher> teachers;
    private readonly IntegratedTeachers? integrated;
    private readonly GroupHints? hints;
    private readonly NetworkOptimizer optimizer;

    /// <param name="backend">Computes.</param>
    /// <param name="model">What the student sees and tells apart.</param>
    /// <param name="teachers">Of the same images and classes; disposed of with the method.</param>
    /// <param name="config">All settings.</param>
    public AmtmlKdMethod(
        Backend backend,
        ClassifierDescription model,
        IReadOnlyList<ImageTeacher> teachers,
        TrainingConfig config
    )
        : base(backend, model.BuildNetwork(backend.Device, (ulong)config.Training.Seed), model, (ulong)config.Training.Seed)
    {
        (this.teachers, settings) = (teachers, ((AmtmlKdConfig)config.Own).Amtml);
        reference = config.Compat == Compatibility.Reference;
        optimizer = new NetworkOptimizer(backend, Network.Parameters, config.Optimizer, config.Training, config.Loss, 1);
        List<TrainingModule> modules = [new(TrainingModule.Predictor, Network.Parameters)];
        List<ModuleOptimizer> optimizers = [optimizer.Module];
        modules.AddRange(teachers.Select(teacher => teacher.Module));
        if (teachers.Count > 0)
        {
            integrated = new IntegratedTeachers(backend, teachers.Count, Network.Vector.Channels, config, optimizers.Count);
            if (integrated is { Module: { } module, Optimizer: { } ofWeights })
            {
                modules.Add(module);
                optimizers.Add(ofWeights);
            }
        }

        if (teachers.Count > 0 && settings.Hint > 0)
        {
            hints = new GroupHints(backend.Device, Network, teachers, reference, Seed);
            modules.Add(new TrainingModule(GroupHints.Name, hints.Parameters));
            // In the published code no optimizer has them: fixed random projections.
            if (!reference)
                optimizers.Add(
                    new NetworkOptimizer(
                        backend,
                        hints.Parameters,
                        config.Optimizer,
                        config.Training,
                        config.Loss,
                        1,
                        GroupHints.Name,
                        optimizers.Count
                    ).Module
                );
        }

        (Modules, Optimizers, Phases) = (modules, optimizers, IntegratedTeachers.PhasesOf(settings));
    }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    public override IReadOnlyList<TrainingPhase> Phases { get; }

    public override StepPlan Plan(long step, DeviceBatch batch)
    {
        bool learnsWeights = PhaseAt(step) == 0;
        return new ComposedLossPlan(this, step, batch, (pass, tensors) => [.. Losses(pass, tensors, learnsWeights)]);
    }

    public override IEnumerable<KeyValuePair<string, double>> Measure() => [new("l2_penalty", optimizer.Penalty())];

    /// <summary>How the teachers' weights follow which of them is right.</summary>
    public override IEnumerable<KeyValuePair<string, double>> Judge(ImageSet images, CancellationToken stop = default) =>
        integrated?.Adapter is not { } adapter || Model.IsMultiLabel
            ? []
            : new TeacherJudgement(Predictor, Network, teachers, adapter).Of(images, stop);

    public override void Dispose()
    {
        base.Dispose();
        foreach (ImageTeacher teacher in teachers)
            teacher.Dispose();
    }

    private IEnumerable<WeightedLoss> Losses(ForwardContext pass, DeviceBatch batch, bool learnsWeights)
    {
        Tape tape = pass.Tape;
        Variable images = tape.Input(batch[ImageSamples.Images]);
        Tensor labels = batch[ImageSamples.Labels];
        GroupHints? hinting = learnsWeights ? hints : null;
        var taps = new FeatureTaps([Network.Vector, .. hinting?.OfStudent ?? []]);
        Variable logits = Network.Forward(pass, images, taps);
        if (integrated is null)
            return [new(ImageLabelLoss.Name, ImageLabelLoss.Of(tape, logits, labels))];

        FeatureTaps?[] theirs =
        [
            .. teachers.Select((_, t) => hinting?.OfTeacher(t) is { } stage ? new FeatureTaps(stage) : null),
        ];
        Variable[] outputs = [.. teachers.Select((teacher, t) => teacher.Look(Backend, images, theirs[t]))];
        List<WeightedLoss> losses =
        [
            new(
                ImageLabelLoss.Name,
                ImageLabelLoss.Of(tape, reference ? tape.Scale(logits, 1 / settings.Temperature) : logits, labels),
                1 - settings.Lambda
            ),
            .. integrated.Losses(tape, logits, taps[Network.Vector].Features, outputs, labels, learnsWeights),
        ];
        if (hinting is not null)
            losses.Add(
                new(
                    "hint",
                    hinting.Loss(pass, taps, [.. theirs.Select((left, t) => left?[hinting.OfTeacher(t)!].Features)]),
                    settings.Hint
                )
            );
        return losses;
    }
}
