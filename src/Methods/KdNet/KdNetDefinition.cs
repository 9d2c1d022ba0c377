using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Sharing;

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

    public override ModelDescription SamplesFor(TrainingConfig config, ModelDescription model)
    {
        if (SettingsOf(config).Teacher is not { Text.Length: > 0 } teacher)
            return model;
        ModelDescription samples = VolumeTeacher.Describe(TeacherKey, teacher.Text, model);
        ViewOf(model, samples, teacher.Text);
        return samples;
    }

    public override VolumeMethod Create(Backend backend, TrainingConfig config, ModelDescription model)
    {
        string folder = SettingsOf(config).Teacher.Text;
        if (folder.Length == 0)
            return new KdNetMethod(backend, model, teacher: null, ChannelView.Whole, config);
        ModelDescription samples = VolumeTeacher.Describe(TeacherKey, folder, model);
        ChannelView view = ViewOf(model, samples, folder);
        var teacher = new VolumeTeacher("teacher", TrainedModel.Open(folder, samples, backend), ChannelView.Whole);
        return new KdNetMethod(backend, model, teacher, view, config);
    }

    /// <summary>What the student sees of the teacher's samples.</summary>
    private static ChannelView ViewOf(ModelDescription student, ModelDescription teacher, string folder) =>
        ChannelView.Of(
            student,
            teacher,
            missing => VolumeTeacher.Refuse(TeacherKey, folder, $"it does not see channel {missing}, but the student does")
        );

    private static KdNetTeacherConfig SettingsOf(TrainingConfig config) => ((KdNetConfig)config.Own).KdNet;
}
