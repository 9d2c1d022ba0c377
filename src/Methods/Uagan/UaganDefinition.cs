using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Sharing;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Uagan;

/// <summary><see cref="UaganMethod"/> by a configuration. The defaults are those of the published run.</summary>
internal sealed class UaganDefinition : MethodDefinition
{
    public override string Name => "uagan";

    public override string Summary =>
        "unpaired modalities, slices: one network segments and translates between modalities, judged by a discriminator (Yuan et "
        + "al., MICCAI 2019)";

    public override IReadOnlyList<MethodVariant> Variants { get; } =
    [
        new("joint", "the segmentation stream alone, all modalities together", "network.name=unet2d"),
        new("uagan-no-shape", "with translation, but what is translated need not keep its shape", "uagan.shape=0"),
        new("uagan", "with translation and the shape loss"),
    ];

    /// <summary>The settings beside the first are those of the preset demo-uagan.</summary>
    public override Demonstration Demonstration { get; } =
        new(
            Demonstration.Phantoms(
                new PhantomDatasetOptions
                {
                    Modalities = [PhantomModality.CT, PhantomModality.MR, PhantomModality.T1],
                    Training = 8,
                    Validation = 1,
                    Test = 4,
                    Size = 64,
                    Slices = 16,
                }
            ),
            [
                "method.name=uagan",
                "data.size=64",
                "data.foreground_fraction=0.8",
                "network.channels=8",
                "network.halvings=3",
                "network.target_plane=image",
                "uagan.background_weight=0.1",
                "uagan.classification=5",
                "uagan.discriminator_channels=8",
                "uagan.discriminator_layers=4",
                "optimizer.learning_rate=0.001",
                "training.batch=2",
                "training.steps=500",
                "training.validate_every=0",
                "training.save_every=0",
                "training.log_every=20",
            ],
            ["joint", "uagan-no-shape", "uagan"],
            Seeds: 2,
            QuickSettings: ["training.steps=150"]
        );

    public override IReadOnlyList<NetworkName> Networks { get; } = [NetworkName.TwoStream2d, NetworkName.Unet2d];

    public override object NewSettings() => new UaganConfig();

    public override TrainingConfig Defaults(NetworkName network, Compatibility compatibility) =>
        new()
        {
            Data = new() { Size = 128, Slices = 1 },
            Network = new NetworkConfig
            {
                Name = network,
                Channels = 64,
                DropoutKeep = 0.5,
                LeakySlope = 0.01,
                Norm = new NormConfig { Kind = NormalizationKind.Instance, Epsilon = 1e-5 },
            },
            Loss = new LossConfig
            {
                DiceWeight = 0,
                CeWeight = 100,
                CeClip = 0,
                L2 = 0,
            },
            Optimizer = new OptimizerConfig
            {
                LearningRate = 1e-4,
                Beta1 = 0,
                DecayFactor = 1,
            },
            Training = new ScheduleConfig { Steps = 73_600, Batch = 3 },
            Own = new UaganConfig(),
        };

    public override void CheckRules(TrainingConfig config, Action<bool, string, string> require)
    {
        UaganSettings settings = ((UaganConfig)config.Own).Uagan;
        int side = 1 << settings.DiscriminatorLayers;
        require(config.Data.Slices == 1, "data.slices", $"is {config.Data.Slices}, but single slices are translated: expected 1");
        require(
            config.Data.Size % side == 0,
            "uagan.discriminator_layers",
            $"is {settings.DiscriminatorLayers}, but data.size, {config.Data.Size}, is no multiple of 2^{settings.DiscriminatorLayers}"
        );
        require(
            config.Network.Norm.Kind == NormalizationKind.Instance,
            "network.norm.kind",
            "is another than instance, which the networks of uagan have"
        );
        require(config.Loss.DiceWeight == 0, "loss.dice_weight", "is not 0: uagan learns from labels by the cross-entropy alone");
        require(config.Loss.CeClip == 0, "loss.ce_clip", "is not 0: the cross-entropy of uagan is not clipped");
        require(config.Loss.L2On == PenalizedParameters.Kernels, "loss.l2_on", "is another than kernels");
        require(
            config.Compat == Compatibility.Default,
            "compat",
            "is reference, but where uagan differs from its published code it has no choice (docs/methods/uagan.md)"
        );
        require(config.Optimizer.Name == OptimizerName.Adam, "optimizer.name", "is another than adam, by which uagan learns");
        require(
            config.Optimizer.DecayFactor == 1,
            "optimizer.decay_factor",
            "is not 1: the rates of uagan fall by uagan.rate_decay and uagan.final_rate"
        );
        require(config.Training.Freeze.Patterns.Count == 0, "training.freeze", "is set: uagan freezes nothing");
        require(
            config.Optimizer is { Schedule: RateSchedule.Steps, WarmUp: 0 },
            config.Optimizer.WarmUp == 0 ? "optimizer.schedule" : "optimizer.warm_up",
            "is set: the rates of uagan fall by uagan.rate_decay and uagan.final_rate"
        );
    }

    public override NetworkDescription NetworkOf(TrainingConfig config) => new(config.Network, SharingName.Joint);

    /// <summary>
    /// Whether an independent classifier takes translations of judged slices for what they are to be, and real ones for what
    /// they are; and a picture of both. Nothing of a network that does not translate, or where slices are of several sizes.
    /// </summary>
    public override IReadOnlyDictionary<string, double> Examine(
        string runPath,
        SegmentationDataset dataset,
        IReadOnlyList<DatasetCase> learnt,
        IReadOnlyList<DatasetCase> judged,
        Backend backend
    )
    {
        ModelDescription description = ModelDescription.Read(runPath);
        using TrainedModel model = TrainedModel.Open(runPath, description, backend, latest: true);
        if (model.Network is not TwoStreamUNet2D generator || description.Preprocessing.Spacing.IsGivenInPlane)
            return new Dictionary<string, double>();
        PreparedCase[] cases = Prepare(judged);
        TranslationPicture.Write(PathOfPicture(runPath, "translations"), backend, generator, description, cases);
        using var judge = new TranslationJudge(backend, Prepare(learnt), description.Modalities.Count);
        return new Dictionary<string, double>
        {
            ["translations accepted"] = judge.Accepts(generator, cases),
            ["real slices known"] = judge.AccuracyOn(cases),
        };

        PreparedCase[] Prepare(IEnumerable<DatasetCase> sources) =>
            [
                .. sources
                    .Select(description.Adopt)
                    .Select(source => CaseReader.Read(source, dataset.ClassNames))
                    .Select(loaded => PreparedCase.Prepare(loaded, description.Preprocessing, dataset.ClassNames.Count)),
            ];
    }

    public override VolumeMethod Create(Backend backend, TrainingConfig config, ModelDescription model)
    {
        if (model.Modalities.Count < 2 || model.Volumes != 1)
            throw new InvalidDataException(
                $"uagan translates images of one channel between modalities, but the dataset has {model.Modalities.Count} "
                    + $"modalities and {model.Volumes} channels"
            );
        return new UaganMethod(
            backend,
            model.BuildNetwork(backend.Device, (ulong)config.Training.Seed),
            config,
            model.Modalities.Count
        );
    }
}
