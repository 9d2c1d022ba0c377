using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Sharing;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.KdNet;

/// <summary><see cref="KdNetMethod"/> by a configuration.</summary>
internal sealed class KdNetDefinition : MethodDefinition
{
    private const string Student = "student",
        TeacherKey = "kd_net.teacher";

    public override string Name => "kd-net";

    public override string Summary =>
        "paired channels: a student that sees some of them learns from a teacher that sees all (arXiv:2106.09564)";

    /// <summary>The student's channels are those of the common settings (data.channels).</summary>
    public override IReadOnlyList<MethodVariant> Variants { get; } =
    [
        new("teacher", "all channels, labels alone", "data.channels=", $"{TeacherKey}="),
        new(Student, "the student's channels, labels alone", $"{TeacherKey}="),
        new("student-kd", "the student's channels, labels and teacher") { Needs = [new("teacher", TeacherKey)] },
    ];

    public override Demonstration Demonstration { get; } =
        new(
            Demonstration.Phantoms(
                new PhantomDatasetOptions
                {
                    Paired = true,
                    Training = 4,
                    Validation = 1,
                    Test = 12,
                    Size = 64,
                    Slices = 16,
                }
            ),
            [
                "method.name=kd-net",
                "data.channels=T1",
                "data.size=64",
                "data.slices=1",
                "data.foreground_fraction=0.8",
                "network.channels=4",
                "network.dropout_keep=1",
                "optimizer.learning_rate=0.002",
                "optimizer.decay_factor=0.9",
                "optimizer.decay_every=50",
                "training.batch=8",
                "training.steps=800",
                "training.validate_every=0",
                "training.save_every=0",
                "training.log_every=20",
            ],
            ["teacher", Student, "student-kd"],
            Seeds: 3,
            QuickSettings: ["training.steps=150"]
        );

    public override object NewSettings() => new KdNetConfig();

    public override TrainingConfig Defaults(NetworkName network, Compatibility compatibility) =>
        VolumeDefaults.With(network, new KdNetConfig());

    public override NetworkDescription NetworkOf(TrainingConfig config) =>
        new(config.Network, SharingName.JointNorm, TransposedShuffle: config.Compat == Compatibility.Reference);

    public override TrainingConfig Resolve(TrainingConfig config)
    {
        KdNetTeacherConfig settings = SettingsOf(config);
        if (settings.Teacher.Text.Length == 0)
            return config;
        var found = WeightsHash.OfRun(TeacherKey, settings.Teacher.Text, settings.TeacherWeights);
        return config with { Own = new KdNetConfig { KdNet = settings with { TeacherWeights = found } } };
    }

    public override ModelDescription SamplesFor(TrainingConfig config, ModelDescription model) =>
        SettingsOf(config).Teacher is { Text.Length: > 0 } teacher
            ? VolumeTeacher.Describe(TeacherKey, teacher.Text, model)
            : model;

    public override VolumeMethod Create(Backend backend, TrainingConfig config, ModelDescription model)
    {
        KdNetTeacherConfig settings = SettingsOf(config);
        var seed = (ulong)config.Training.Seed;
        VolumeTeacher? teacher =
            settings.Teacher.Text.Length > 0 ? VolumeTeacher.Open(TeacherKey, settings.Teacher.Text, backend, model) : null;
        return new KdNetMethod(
            backend,
            model.BuildNetwork(backend.Device, seed),
            teacher,
            teacher?.PlacesOf(model) ?? [Range.All],
            config.Loss,
            settings,
            config.Optimizer,
            seed,
            model.Modalities
        );
    }

    private static KdNetTeacherConfig SettingsOf(TrainingConfig config) => ((KdNetConfig)config.Own).KdNet;
}
