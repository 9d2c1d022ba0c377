using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.KdNet;

/// <summary>
/// KD-Net: a student that sees few channels of a case learns from labels and from a teacher that sees all of them. Hu, Maillard
/// et al. 2020, arXiv:2106.09564. Without a teacher, plain supervised training.
/// </summary>
public sealed class KdNetMethod : VolumeMethod
{
    private const string ProjectionName = "projection";

    private readonly VolumeLabelLoss labels;
    private readonly KdNetLoss distillation;
    private readonly NetworkOptimizer optimizer;
    private readonly VolumeTeacher? teacher;
    private readonly ChannelView view;
    private readonly Conv? projection;

    /// <param name="backend">Computes.</param>
    /// <param name="model">What the student sees and tells apart.</param>
    /// <param name="teacher">What it learns from beside the labels; null for nothing. Disposed of with the method.</param>
    /// <param name="view">What the student sees of the samples.</param>
    /// <param name="config">All settings.</param>
    internal KdNetMethod(Backend backend, ModelDescription model, VolumeTeacher? teacher, ChannelView view, TrainingConfig config)
        : base(backend, model.BuildNetwork(backend.Device, (ulong)config.Training.Seed), (ulong)config.Training.Seed)
    {
        (this.teacher, this.view) = (teacher, view);
        KdNetTeacherConfig settings = ((KdNetConfig)config.Own).KdNet;
        distillation = new KdNetLoss(teacher is null ? settings with { Lambda = 1 } : settings);
        labels = new VolumeLabelLoss(config.Loss, model.Modalities, distillation.LabelWeight);
        List<TrainingModule> modules = [new(TrainingModule.Predictor, Network.Parameters)];
        List<ModuleOptimizer> optimizers = [];
        optimizer = OptimizerOf(Network.Parameters, "");
        if (teacher is not null)
            modules.Add(teacher.Module);
        if (
            teacher is not null
            && distillation.ComparesBottlenecks
            && teacher.Network.Bottleneck.Channels != Network.Bottleneck.Channels
        )
        {
            var store = new ParameterStore(backend.Device, DType.Float32, Seed);
            projection = new Conv(
                store,
                ProjectionName,
                Network.Bottleneck.Channels,
                teacher.Network.Bottleneck.Channels,
                Size3.One,
                Initializer.Normal(Math.Sqrt(1.0 / Network.Bottleneck.Channels)),
                hasBias: true
            );
            modules.Add(new TrainingModule(ProjectionName, store));
            OptimizerOf(store, ProjectionName);
        }

        (Modules, Optimizers) = (modules, optimizers);

        NetworkOptimizer OptimizerOf(ParameterStore parameters, string name)
        {
            var made = new NetworkOptimizer(
                backend,
                parameters,
                config.Optimizer,
                config.Training,
                config.Loss,
                model.Modalities.Count,
                name,
                optimizers.Count
            );
            optimizers.Add(made.Module);
            return made;
        }
    }

    public override IReadOnlyList<TrainingModule> Modules { get; }

    public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

    public override StepPlan Plan(long step, DeviceBatch batch) => new LabelledVolumePlan(this, step, batch, labels, Look);

    public override IEnumerable<KeyValuePair<string, double>> Measure() => [new("l2_penalty", optimizer.Penalty())];

    public override void Dispose()
    {
        base.Dispose();
        teacher?.Dispose();
    }

    /// <summary>Teacher and student look at the same samples: the student's logits, and how far it is from the teacher.</summary>
    private (Variable Logits, IReadOnlyList<WeightedLoss> Losses) Look(ForwardContext pass, DeviceBatch batch)
    {
        var images = new Variable(batch[VariedSamples.Images]);
        NetworkStage bottleneck = Network.Bottleneck;
        bool compares = distillation.ComparesBottlenecks;
        FeatureTaps? taps = compares ? new FeatureTaps(bottleneck) : null;
        Variable logits = Network.Forward(pass, view.See(pass.Tape, images), taps);
        if (teacher is null || !distillation.Distills)
            return (logits, []);
        FeatureTaps? theirs = compares ? new FeatureTaps(teacher.Network.Bottleneck) : null;
        Variable ofTeacher = teacher.Look(Backend, images, theirs, batch.Groups);
        List<WeightedLoss> losses =
        [
            new("kd_output", distillation.Outputs(pass.Tape, ofTeacher, logits), distillation.OutputWeight),
        ];
        if (taps is not null && theirs is not null)
        {
            Variable own = taps[bottleneck].Features,
                projected = projection?.Forward(pass, own) ?? own;
            losses.Add(
                new(
                    "kd_bottleneck",
                    KdNetLoss.Bottlenecks(pass.Tape, theirs[teacher.Network.Bottleneck].Features, projected),
                    distillation.BottleneckWeight
                )
            );
        }

        return (logits, losses);
    }
}
