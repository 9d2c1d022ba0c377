using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// <see cref="UmmkdMethod"/> by a configuration. The defaults are those of the paper's experiments with each network, or of its
/// published code.
/// </summary>
internal sealed class UmmkdDefinition : MethodDefinition
{
    public override string Name => "ummkd";

    public override string Summary =>
        "unpaired modalities, one network: shared kernels, own normalization, distillation (arXiv:2001.03111)";

    public override IReadOnlyList<MethodVariant> Variants { get; } =
    [
        .. Scheme.All.Select(scheme => new MethodVariant(scheme.Text, scheme.Summary, $"scheme={scheme.Text}")),
        new(
            "averaged",
            "shared kernels, normalization per modality, running means of the weights",
            "scheme=joint-norm",
            "training.average=0.98"
        ),
    ];

    public override object NewSettings() => new UmmkdConfig();

    public override TrainingConfig Defaults(NetworkName network, Compatibility compatibility)
    {
        bool reference = compatibility == Compatibility.Reference;
        DistillationConfig distillation = reference
            ? new() { Absent = AbsentClass.Uniform, Memory = 0 }
            : new DistillationConfig();
        return network switch
        {
            NetworkName.Unet3d => new TrainingConfig
            {
                Loss = new LossConfig { L2On = reference ? PenalizedParameters.All : PenalizedParameters.Kernels },
                Optimizer = new OptimizerConfig { LearningRate = 1e-4, DecayEvery = 500 },
                Training = new ScheduleConfig { Steps = 50_000, Batch = 2 },

                // The published 3D code computes the distillation and leaves it out of the sum.
                Own = With(reference ? distillation with { Weight = 0 } : distillation),
            },
            NetworkName.Dilated2d => new TrainingConfig { Own = With(distillation) },
            _ => throw new ArgumentOutOfRangeException(nameof(network), network, "no such network"),
        };
    }

    public override void CheckRules(TrainingConfig config, Action<bool, string, string> require)
    {
        require(
            SchemeOf(config).Name != SchemeName.Individual || config.Network.Norm.Sharing != NormSharing.Shared,
            "network.norm.sharing",
            "is shared, but the networks of scheme individual share nothing"
        );
        require(
            config.Compat != Compatibility.Reference || Settings(config).Loss.Kd.Memory == 0,
            "loss.kd.memory",
            "is above 0, but the published code has none; leave it out or set compat to default"
        );
        CheckDeepSupervision(config, require);
    }

    private static void CheckDeepSupervision(TrainingConfig config, Action<bool, string, string> require)
    {
        const string Key = "loss.deep_supervision";
        int levels = Settings(config).Loss.DeepSupervision,
            most = config.Network.Pools.Sizes.Count - 1;
        if (levels == 0)
            return;
        require(
            config.Network.Name == NetworkName.Unet3d,
            Key,
            $"is {levels}, but only unet3d has levels that learn by themselves"
        );
        require(levels <= most, Key, $"is {levels}, but the decoder has {most} levels below full resolution");
        require(config.Data.Depth > 1, Key, $"is {levels}, but samples are single slices: data.depth is 1");
        Scheme scheme = SchemeOf(config);
        require(
            !scheme.Alternates && !scheme.MixesStyles,
            Key,
            $"is {levels}, but steps of scheme {scheme.Text} have no losses of coarser levels"
        );
    }

    public override NetworkDescription NetworkOf(TrainingConfig config) =>
        // The published code shuffles batches in the transposed order.
        new(config.Network, SchemeOf(config).Sharing, TransposedShuffle: config.Compat == Compatibility.Reference);

    public override VolumeMethod Create(Backend backend, TrainingConfig config, ModelDescription model)
    {
        var seed = (ulong)config.Training.Seed;
        return new UmmkdMethod(
            backend,
            model.BuildNetwork(backend.Device, seed),
            LossOf(config),
            config.Optimizer,
            seed,
            model.Modalities,
            model.Classes,
            config.Training,
            SchemeOf(config)
        );
    }

    /// <summary>The loss; without the terms that the scheme does not have.</summary>
    internal static UmmkdLoss LossOf(TrainingConfig config)
    {
        DistillationConfig kd = Settings(config).Loss.Kd;
        return new UmmkdLoss(
            config.Loss,
            kd with
            {
                Weight = SchemeOf(config).Distills ? kd.Weight : 0,
                Absent = config.Compat == Compatibility.Reference ? AbsentClass.Uniform : kd.Absent,
            }
        )
        {
            DeepLevels = Settings(config).Loss.DeepSupervision,
            Prototypes = SchemeOf(config).Contrasts ? Settings(config).Loss.Prototypes : null,
        };
    }

    private static Scheme SchemeOf(TrainingConfig config) => Scheme.Of(Settings(config).Scheme);

    private static UmmkdConfig Settings(TrainingConfig config) => (UmmkdConfig)config.Own;

    private static UmmkdConfig With(DistillationConfig kd) => new() { Loss = new UmmkdLossConfig { Kd = kd } };
}
