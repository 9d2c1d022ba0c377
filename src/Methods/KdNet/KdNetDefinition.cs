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

    public override TrainingConfig Defaults(NetworkName network, Compatibility compatibility)
    {
        var config = new TrainingConfig { Own = new KdNetConfig() };
        return network switch
        {
            NetworkName.Dilated2d => config,
            NetworkName.Unet3d => config with
            {
                Optimizer = new OptimizerConfig { LearningRate = 1e-4, DecayEvery = 500 },
                Training = new ScheduleConfig { Steps = 50_000, Batch = 2 },
            },
            _ => throw new ArgumentOutOfRangeException(nameof(network), network, "no such network"),
        };
    }

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
            ? SeenByBoth(teacher.Text, ModelDescription.Read(teacher.Text), model)
            : model;

    public override VolumeMethod Create(Backend backend, TrainingConfig config, ModelDescription model)
    {
        KdNetTeacherConfig settings = SettingsOf(config);
        var seed = (ulong)config.Training.Seed;
        Teacher? teacher = null;
        IReadOnlyList<Range> channels = [Range.All];
        if (settings.Teacher.Text.Length > 0)
        {
            var description = ModelDescription.Read(settings.Teacher.Text);
            channels = Places(model, SeenByBoth(settings.Teacher.Text, description, model));
            teacher = new Teacher(TrainedModel.Open(settings.Teacher.Text, description, backend));
        }

        return new KdNetMethod(
            backend,
            model.BuildNetwork(backend.Device, seed),
            teacher,
            channels,
            config.Loss,
            settings,
            config.Optimizer,
            seed,
            model.Modalities
        );
    }

    /// <summary>The samples of the teacher, which must hold what the student sees.</summary>
    private static ModelDescription SeenByBoth(string path, ModelDescription teacher, ModelDescription student)
    {
        if (
            (teacher.Size, teacher.Slices, teacher.Depth, teacher.Spacing)
            != (student.Size, student.Slices, student.Depth, student.Spacing)
        )
            throw Refuse($"its samples are {teacher.Preprocessing.Shape} at spacing {teacher.Spacing}");
        if (!teacher.Classes.SequenceEqual(student.Classes))
            throw Refuse($"it knows the classes {string.Join(", ", teacher.Classes)}");
        if (!teacher.Modalities.SequenceEqual(student.Modalities))
            throw Refuse($"it knows the modalities {string.Join(", ", teacher.Modalities)}");
        int[] places = [.. Enumerable.Range(0, student.Volumes).Select(volume => PlaceOf(student, volume, teacher))];
        if (Array.IndexOf(places, -1) is >= 0 and var missing)
            throw Refuse($"it does not see channel {student.Channels?[missing].Name}");
        for (int m = 0; m < student.Modalities.Count; m++)
        {
            for (int volume = 0; volume < places.Length; volume++)
            {
                string ofTeacher = teacher.Normalizations[(m * teacher.Volumes) + places[volume]];
                if (ofTeacher != student.Normalizations[(m * student.Volumes) + volume])
                    throw Refuse($"it normalizes {student.Channels?[volume].Name ?? "images"} by {ofTeacher}");
            }
        }

        return teacher;

        InvalidDataException Refuse(string difference) =>
            new($"{TeacherKey}: '{path}' is no teacher for this student: {difference}, the student otherwise");
    }

    /// <summary>Where the student's volumes are among the channels of a sample.</summary>
    private static IReadOnlyList<Range> Places(ModelDescription student, ModelDescription samples)
    {
        if (student.Volumes == samples.Volumes)
            return [Range.All];
        int slices = samples.Preprocessing.Shape.Slices;
        return
        [
            .. Enumerable
                .Range(0, student.Volumes)
                .Select(volume => PlaceOf(student, volume, samples) * slices)
                .Select(first => first..(first + slices)),
        ];
    }

    private static int PlaceOf(ModelDescription student, int volume, ModelDescription teacher) =>
        student.Channels is null || teacher.Channels is null
            ? (teacher.Channels is null ? 0 : -1)
            : teacher.Channels.ToList().FindIndex(channel => channel.Name == student.Channels[volume].Name);

    private static KdNetTeacherConfig SettingsOf(TrainingConfig config) => ((KdNetConfig)config.Own).KdNet;
}
