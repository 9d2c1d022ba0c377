using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Training;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Schemes;

/// <summary>
/// What the modalities share while they are trained, and whether they learn from each other: the rows of the tables of Dou et al.
/// 2020, arXiv:2001.03111.
/// Networks, data, trainer and optimizer are the same for all.
/// </summary>
public abstract class Scheme
{
    /// <summary>All of them, in the order of tables.</summary>
    public static IReadOnlyDictionary<SchemeName, Scheme> All { get; } =
        new SortedDictionary<SchemeName, Scheme>
        {
            [SchemeName.Individual] = new IndividualScheme(),
            [SchemeName.Joint] = new JointScheme(),
            [SchemeName.JointNorm] = new JointNormScheme(),
            [SchemeName.YShape] = new YShapeScheme(),
            [SchemeName.XShape] = new XShapeScheme(),
            [SchemeName.Ummkd] = new UmmkdScheme(),
        };

    /// <summary>One line for a person.</summary>
    public abstract string Summary { get; }

    /// <summary>Whether the loss compares the modalities' class distributions.</summary>
    protected virtual bool Distills => false;

    /// <summary>Whether layers with shared kernels share their normalization, too.</summary>
    protected virtual bool SharesNormalization => false;

    /// <summary>A scheme's name as users write it: "joint-norm".</summary>
    public static string TextOf(SchemeName name) => SnakeCase.From(name.ToString()).Replace('_', '-');

    /// <exception cref="UsageException">There is no such scheme.</exception>
    public static SchemeName Parse(string text) =>
        All.Keys.Where(name => TextOf(name) == text.Replace('_', '-')).Cast<SchemeName?>().FirstOrDefault()
        ?? throw new UsageException($"scheme '{text}' is not known; choose {string.Join(", ", All.Keys.Select(TextOf))}");

    /// <summary>The scheme that a configuration asks for.</summary>
    public static Scheme Of(TrainingConfig config) => All[config.Scheme];

    /// <summary>The network, with initial weights.</summary>
    public virtual ISegmentationNetwork CreateNetwork(
        TrainingConfig config,
        Device device,
        int modalities,
        int classes,
        int volumes = 1
    )
    {
        NetworkConfig network = config.Network;
        var normalization = new NormalizationSettings(
            KindOf(network.Norm.Kind),
            modalities,
            network.Norm.Decay,
            network.Norm.Epsilon,
            network.LeakySlope,
            network.Norm.Groups
        );
        var store = new ParameterStore(device, DType.Float32, (ulong)config.Training.Seed, SharingOf(network, modalities));

        return network.Name switch
        {
            NetworkName.Unet3d => new UNet3D(
                store,
                inputChannels: volumes,
                classes,
                network.Channels,
                normalization,
                network.Levels
            ),

            // The published code shuffles batches in the transposed order.
            NetworkName.Dilated2d => new DilatedNetwork2D(
                store,
                config.Data.Slices * volumes,
                classes,
                network.Channels,
                normalization,
                network.DropoutKeep,
                transposedShuffle: config.Compat == Compatibility.Reference
            ),
            _ => throw new ArgumentException($"unknown network {network.Name}"),
        };
    }

    /// <summary>The loss; without its distillation unless the scheme has one.</summary>
    public LossSettings LossOf(TrainingConfig config)
    {
        LossConfig loss = config.Loss;
        AbsentClass absent = config.Compat == Compatibility.Reference ? AbsentClass.Uniform : loss.Kd.Absent;
        return new LossSettings(
            loss.DiceWeight,
            loss.CeWeight,
            loss.CeClip,
            Distills ? loss.Kd.Weight : 0,
            loss.Kd.Temperature,
            PolicyOf(absent),
            MeasureOf(loss.Kd.Form),
            loss.Kd.Teacher
        );
    }

    /// <summary>The optimizer.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="modalities">Modalities of a batch.</param>
    public static OptimizerSettings OptimizerOf(TrainingConfig config, int modalities)
    {
        OptimizerConfig optimizer = config.Optimizer;
        bool all = config.Loss.L2On == PenalizedParameters.All;
        return new OptimizerSettings(
            optimizer.LearningRate,
            optimizer.DecayFactor,
            optimizer.DecayEvery,
            optimizer.Beta1,
            optimizer.Beta2,
            optimizer.Epsilon,
            all ? modalities * config.Loss.L2 : config.Loss.L2,
            PenalizesAll: all
        );
    }

    /// <summary>Whether each modality has layers of its own at a stage, such as "g3" or "enc1".</summary>
    protected abstract bool IsSpecific(string stage);

    private ParameterSharing SharingOf(NetworkConfig network, int modalities) =>
        new(
            modalities,
            layer => IsSpecific(layer.Split('.', '_')[0]),
            network.Norm.Sharing == NormSharing.Scheme ? SharesNormalization : network.Norm.Sharing == NormSharing.Shared
        );

    private static DistillationMeasure MeasureOf(DistillationForm form) =>
        form switch
        {
            DistillationForm.L2 => DistillationMeasure.L2,
            DistillationForm.OneWay => DistillationMeasure.TeacherKl,
            DistillationForm.SymmetricKl => DistillationMeasure.SymmetricKl,
            _ => throw new ArgumentOutOfRangeException(nameof(form), form, "unknown form of distillation"),
        };

    private static AbsentClassPolicy PolicyOf(AbsentClass absent) =>
        absent switch
        {
            AbsentClass.Skip => AbsentClassPolicy.Skip,
            AbsentClass.Uniform => AbsentClassPolicy.Uniform,
            _ => throw new ArgumentOutOfRangeException(nameof(absent), absent, "unknown treatment of absent classes"),
        };

    private static NormalizationKind KindOf(NormKind kind) =>
        kind switch
        {
            NormKind.Batch => NormalizationKind.Batch,
            NormKind.Instance => NormalizationKind.Instance,
            NormKind.Layer => NormalizationKind.Layer,
            NormKind.Group => NormalizationKind.Group,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown kind of normalization"),
        };
}
