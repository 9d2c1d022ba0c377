using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Data;
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
    private readonly IReadOnlyList<Range> channels;
    private readonly LossConfig labels;
    private readonly NetworkOptimizer optimizer;
    private readonly KdNetLoss distillation;
    private readonly VolumeTeacher? teacher;
    private readonly Conv? projection;

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
        VolumeTeacher? teacher,
        IReadOnlyList<Range> channels,
        LossConfig labels,
        KdNetTeacherConfig settings,
        OptimizerConfig rates,
        ulong seed,
        IReadOnlyList<string> modalities
    )
        : base(backend, student, seed)
    {
        (this.modalities, this.channels, this.teacher) = (modalities, channels, teacher);
        distillation = new KdNetLoss(teacher is null ? settings with { Lambda = 1 } : settings);
        this.labels = labels with
        {
            DiceWeight = distillation.LabelWeight * labels.DiceWeight,
            CeWeight = distillation.LabelWeight * labels.CeWeight,
        };
        optimizer = new NetworkOptimizer(backend, student.Parameters, rates, labels, modalities.Count);
        var modules = new List<TrainingModule> { new(TrainingModule.Predictor, student.Parameters) };
        var optimizers = new List<ModuleOptimizer> { optimizer.Module };
        if (teacher is not null)
            modules.Add(teacher.Module);
        if (distillation.ComparesBottlenecks && teacher!.Network.Bottleneck.Channels != student.Bottleneck.Channels)
        {
            var store = new ParameterStore(backend.Device, DType.Float32, seed);
            projection = new Conv(
                store,
                ProjectionName,
                student.Bottleneck.Channels,
                teacher.Network.Bottleneck.Channels,
                Size3.One,
                Initializer.Normal(Math.Sqrt(1.0 / student.Bottleneck.Channels)),
                hasBias: true
            );
            modules.Add(new TrainingModule(ProjectionName, store));
            optimizers.Add(
                new NetworkOptimizer(backend, store, rates, labels, modalities.Count, ProjectionName, optimizers.Count).Module
            );
        }

        (Modules, Optimizers) = (modules, optimizers);
    }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    public override StepPlan Plan(long step, DeviceBatch batch) =>
        new LabelLossPlan(this, labels, modalities, step, batch, Losses);

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
        FeatureTaps? ours = distillation.ComparesBottlenecks ? new FeatureTaps(Network.Bottleneck) : null;
        Variable logits = Network.Forward(pass, SeenByStudent(tape, images), ours);
        if (teacher is null || !distillation.Distills)
            return (logits, []);
        FeatureTaps? theirs = ours is null ? null : new FeatureTaps(teacher.Network.Bottleneck);
        Variable own = teacher.Look(Backend, images, batch.Groups, theirs);
        List<WeightedLoss> losses = [new("kd_output", distillation.Outputs(tape, own, logits), distillation.OutputWeight)];
        if (ours is not null && theirs is not null)
        {
            Variable features = ours[Network.Bottleneck].Features,
                projected = projection?.Forward(pass, features) ?? features,
                known = theirs[teacher.Network.Bottleneck].Features;
            losses.Add(new("kd_bottleneck", KdNetLoss.Bottlenecks(tape, known, projected), distillation.BottleneckWeight));
        }

        return (logits, losses);
    }

    /// <summary>The channels of the images that the student sees.</summary>
    private Variable SeenByStudent(Tape tape, Variable images)
    {
        Variable[] parts =
        [
            .. channels.Select(range =>
            {
                (int start, int count) = range.GetOffsetAndLength(images.Shape[^1]);
                return count == images.Shape[^1] ? images : tape.Slice(images, ^1, start, count);
            }),
        ];
        return parts.Length == 1 ? parts[0] : tape.Concat(^1, parts);
    }
}
