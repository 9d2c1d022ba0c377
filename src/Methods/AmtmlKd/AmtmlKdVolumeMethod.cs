using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.AmtmlKd;

/// <summary>
/// <see cref="AmtmlKdMethod"/> on volumes, which is not published: the teachers' soft targets are position by position, their
/// weights are of a whole sample, by the mean of the student's bottleneck. Without teachers, plain supervised training.
/// </summary>
internal sealed class AmtmlKdVolumeMethod : VolumeMethod
{
    private readonly IReadOnlyList<VolumeTeacher> teachers;
    private readonly IntegratedTeachers? integrated;
    private readonly VolumeLabelLoss labels;
    private readonly NetworkOptimizer optimizer;

    /// <param name="backend">Computes.</param>
    /// <param name="model">What the student sees and tells apart.</param>
    /// <param name="teachers">Of the same samples and classes; disposed of with the method.</param>
    /// <param name="config">All settings.</param>
    public AmtmlKdVolumeMethod(
        Backend backend,
        ModelDescription model,
        IReadOnlyList<VolumeTeacher> teachers,
        TrainingConfig config
    )
        : base(backend, model.BuildNetwork(backend.Device, (ulong)config.Training.Seed), (ulong)config.Training.Seed)
    {
        this.teachers = teachers;
        AmtmlConfig settings = ((AmtmlKdConfig)config.Own).Amtml;
        labels = new VolumeLabelLoss(config.Loss, model.Modalities, teachers.Count > 0 ? 1 - settings.Lambda : 1);
        optimizer = new NetworkOptimizer(
            backend,
            Network.Parameters,
            config.Optimizer,
            config.Training,
            config.Loss,
            model.Modalities.Count
        );
        List<TrainingModule> modules = [new(TrainingModule.Predictor, Network.Parameters)];
        List<ModuleOptimizer> optimizers = [optimizer.Module];
        modules.AddRange(teachers.Select(teacher => teacher.Module));
        if (teachers.Count > 0)
        {
            integrated = new IntegratedTeachers(backend, teachers.Count, Network.Bottleneck.Channels, config, optimizers.Count);
            if (integrated is { Module: { } module, Optimizer: { } ofWeights })
            {
                modules.Add(module);
                optimizers.Add(ofWeights);
            }
        }

        (Modules, Optimizers, Phases) = (modules, optimizers, IntegratedTeachers.PhasesOf(settings));
    }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    public override IReadOnlyList<TrainingPhase> Phases { get; }

    public override StepPlan Plan(long step, DeviceBatch batch)
    {
        bool learnsWeights = PhaseAt(step) == 0;
        return new LabelledVolumePlan(this, step, batch, labels, (pass, tensors) => Look(pass, tensors, learnsWeights));
    }

    public override IEnumerable<KeyValuePair<string, double>> Measure() => [new("l2_penalty", optimizer.Penalty())];

    public override void Dispose()
    {
        base.Dispose();
        foreach (VolumeTeacher teacher in teachers)
            teacher.Dispose();
    }

    /// <summary>The student's logits, and what it learns from those of the teachers.</summary>
    private (Variable Logits, IReadOnlyList<WeightedLoss> Losses) Look(ForwardContext pass, DeviceBatch batch, bool learnsWeights)
    {
        Tape tape = pass.Tape;
        Variable images = tape.Input(batch[VariedSamples.Images]);
        if (integrated is null)
            return (Network.Forward(pass, images), []);
        var taps = new FeatureTaps(Network.Bottleneck);
        Variable logits = Network.Forward(pass, images, taps),
            bottleneck = tape.Convert(taps[Network.Bottleneck].Features, DType.Float32),
            features = tape.Mean(bottleneck, 1, bottleneck.Shape.Rank - 2);
        Variable[] outputs = [.. teachers.Select(teacher => teacher.Look(Backend, images, groups: batch.Groups))];
        return (logits, integrated.Losses(tape, logits, features, outputs, batch[VariedSamples.Labels], learnsWeights));
    }
}
