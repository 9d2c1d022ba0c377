using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Schedules;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.AmtmlKd;

/// <summary>
/// AMTML-KD: a student learns from labels and from several teachers, whose soft targets are weighed anew for every sample, whose
/// relations between samples it imitates, and of whose features each teaches one group of layers. Liu, Zhang, Wang 2020,
/// Neurocomputing 415. Without teachers, plain supervised training.
/// </summary>
internal sealed class AmtmlKdMethod : ImageMethod
{
    /// <summary>By which the adapter's rate falls at its milestones.</summary>
    private const double AdapterDecay = 0.1;

    private readonly AmtmlConfig settings;
    private readonly bool reference;
    private readonly IReadOnlyList<ImageTeacher> teachers;
    private readonly TeacherAdapter? adapter;
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
        optimizer = new NetworkOptimizer(backend, Network.Parameters, config.Optimizer, config.Loss, 1);
        List<TrainingModule> modules = [new(TrainingModule.Predictor, Network.Parameters)];
        List<ModuleOptimizer> optimizers = [optimizer.Module];
        modules.AddRange(teachers.Select(teacher => teacher.Module));
        if (teachers.Count > 0 && settings.Weighting == TeacherWeighting.Adaptive)
        {
            adapter = new TeacherAdapter(backend.Device, teachers.Count, Network.Vector.Channels, Seed);
            modules.Add(new TrainingModule(TeacherAdapter.Name, adapter.Parameters));
            optimizers.Add(AdapterOptimizer(adapter, optimizers.Count));
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
                        config.Loss,
                        1,
                        GroupHints.Name,
                        optimizers.Count
                    ).Module
                );
        }

        (Modules, Optimizers) = (modules, optimizers);
        Phases =
            teachers.Count > 0 && settings.AdapterSteps > 0
                ? [new TrainingPhase("teachers' weights, hints and student", settings.AdapterSteps), new("student")]
                : [new("training")];
    }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    public override IReadOnlyList<TrainingPhase> Phases { get; }

    public override StepPlan Plan(long step, DeviceBatch batch)
    {
        bool learnsWeights = PhaseAt(step) == 0;
        return new ComposedLossPlan(this, step, batch, (pass, tensors) => Losses(pass, tensors, learnsWeights));
    }

    public override IEnumerable<KeyValuePair<string, double>> Measure() => [new("l2_penalty", optimizer.Penalty())];

    /// <summary>How the teachers' weights follow which of them is right.</summary>
    public override IEnumerable<KeyValuePair<string, double>> Judge(ImageSet images, CancellationToken stop = default) =>
        adapter is null || Model.IsMultiLabel ? [] : new TeacherJudgement(Predictor, Network, teachers, adapter).Of(images, stop);

    public override void Dispose()
    {
        base.Dispose();
        foreach (ImageTeacher teacher in teachers)
            teacher.Dispose();
    }

    private IReadOnlyList<WeightedLoss> Losses(ForwardContext pass, DeviceBatch batch, bool learnsWeights)
    {
        Tape tape = pass.Tape;
        Variable images = tape.Input(batch[ImageSamples.Images]);
        Tensor labels = batch[ImageSamples.Labels];
        GroupHints? hinting = learnsWeights ? hints : null;
        var taps = new FeatureTaps([Network.Vector, .. hinting?.OfStudent ?? []]);
        Variable logits = Network.Forward(pass, images, taps);
        double temperature = settings.Temperature;
        Variable onLabels = ImageLabelLoss.Of(
            tape,
            reference && teachers.Count > 0 ? tape.Scale(logits, 1 / temperature) : logits,
            labels
        );
        if (teachers.Count == 0)
            return [new(ImageLabelLoss.Name, onLabels)];

        FeatureTaps?[] theirs =
        [
            .. teachers.Select((_, t) => hinting?.OfTeacher(t) is { } stage ? new FeatureTaps(stage) : null),
        ];
        Variable[] outputs = [.. teachers.Select((teacher, t) => teacher.Look(Backend, images, theirs[t]))];
        Variable weights = Weights(tape, taps[Network.Vector].Features, learnsWeights),
            target = AmtmlKdLoss.Target(tape, weights, outputs, temperature);
        double elements = reference ? logits.Shape[^1] : 1;
        List<WeightedLoss> losses = [new(ImageLabelLoss.Name, onLabels, 1 - settings.Lambda)];
        if (adapter is not null && learnsWeights && settings.WeightsFrom == WeightsSource.Labels)
        {
            losses.Add(new("weights", AmtmlKdLoss.Surprise(tape, target, labels)));
            target = tape.StopGradient(target);
        }

        losses.Add(
            new(
                "kd",
                AmtmlKdLoss.Divergence(tape, target, logits, temperature),
                settings.Lambda * 2 * temperature * temperature / elements
            )
        );
        Variable predictions = Predictions(tape, logits);
        if (settings.Angle > 0)
            losses.Add(new("angle", tape.RkdAngle(predictions, target), settings.Angle));
        if (settings.Distance > 0)
            losses.Add(new("distance", tape.RkdDistance(predictions, target), settings.Distance));
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

    /// <summary>(samples, teachers); constants where they are not learnt.</summary>
    private Variable Weights(Tape tape, Variable features, bool learnsWeights)
    {
        if (adapter is not null)
        {
            bool leadsToStudent = settings.WeightsFrom == WeightsSource.Distillation;
            Variable weights = adapter.Weights(tape, leadsToStudent ? features : tape.StopGradient(features));
            return learnsWeights ? weights : tape.StopGradient(weights);
        }

        Tensor equal = tape.Allocate(new Shape(features.Shape[0], teachers.Count), features.DType);
        Backend.Fill(equal, 1.0 / teachers.Count);
        return tape.Input(equal);
    }

    /// <summary>What relations are between: softened probabilities; their logarithms in the published code.</summary>
    private Variable Predictions(Tape tape, Variable logits)
    {
        Variable softened = tape.Scale(logits, 1 / settings.Temperature);
        return reference ? tape.LogSoftmax(softened) : tape.Softmax(softened);
    }

    private ModuleOptimizer AdapterOptimizer(TeacherAdapter learnt, int place)
    {
        Parameter[] trained = [.. learnt.Parameters.Trainable];
        var sgd = new Sgd(
            Backend,
            trained.Select(p => new OptimizedTensor(p.Name, p.Value, IsDecayed: true)),
            settings.AdapterMomentum,
            // The penalty is on squared norms, the decay on half of them.
            weightDecay: 2 * settings.AdapterPenalty
        )
        {
            RateSlot = place,
        };
        return new ModuleOptimizer(
            TeacherAdapter.Name,
            sgd,
            trained,
            new MultiStepDecay(settings.AdapterRate, AdapterDecay, settings.AdapterMilestones.Steps)
        );
    }
}
