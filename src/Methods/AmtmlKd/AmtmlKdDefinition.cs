using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Sharing;

namespace UnpairedSegEngine.Methods.AmtmlKd;

/// <summary><see cref="AmtmlKdMethod"/> by a configuration.</summary>
internal sealed class AmtmlKdDefinition : MethodDefinition
{
    private const string TeachersKey = "amtml.teachers";

    private static readonly NeededVariant[] ThreeTeachers =
    [
        new("teacher-a", $"{TeachersKey}.a"),
        new("teacher-b", $"{TeachersKey}.b"),
        new("teacher-c", $"{TeachersKey}.c"),
    ];

    public override string Name => "amtml-kd";

    public override string Summary =>
        "image labels, or volumes: a student learns from several teachers, weighed for every sample (Neurocomputing 415, 2020)";

    public override IReadOnlyList<TrainingTask> Tasks { get; } = [TrainingTask.Images, TrainingTask.Volumes];

    /// <summary>The network of the common settings is the student's. Each class is known to two teachers or three.</summary>
    public override IReadOnlyList<MethodVariant> Variants { get; } =
    [
        Teacher("teacher-a", "0,1,2,3,4,5,6"),
        Teacher("teacher-b", "3,4,5,6,7,8,9"),
        Teacher("teacher-c", "0,1,2,6,7,8,9"),
        new("student", "labels alone", "amtml.lambda=0", "amtml.angle=0", "amtml.hint=0"),
        OfImages(
            "average",
            "labels and the mean of the teachers' outputs",
            "amtml.weighting=equal",
            "amtml.angle=0",
            "amtml.hint=0"
        ),
        OfImages("adaptive", "the same with learnt weights of the teachers", "amtml.angle=0", "amtml.hint=0"),
        OfImages("amtml-kd", "learnt weights, angles and hints"),
        // Which teachers there are the common settings say.
        new("average", "labels and the mean of the teachers' outputs", "amtml.weighting=equal") { Task = TrainingTask.Volumes },
        new("adaptive", "the same with learnt weights of the teachers") { Task = TrainingTask.Volumes },
    ];

    public override Demonstration Demonstration { get; } =
        new(
            DemonstrationImages.Garments,
            [
                "method.name=amtml-kd",
                "images.limit=5000",
                "images.crop_padding=0",
                "classifier.depth=8",
                "classifier.width=8",
                "training.batch=64",
                "training.steps=600",
                "optimizer.milestones=300,450",
                "amtml.lambda=0.5",
                "amtml.temperature=2",
                "training.validate_every=0",
                "training.save_every=0",
                "training.log_every=50",
            ],
            ["teacher-a", "teacher-b", "teacher-c", "student", "average", "adaptive", "amtml-kd"],
            Seeds: 3,
            QuickSettings: ["images.limit=2000", "training.steps=200", "optimizer.milestones=100,150"]
        );

    public override object NewSettings() => new AmtmlKdConfig();

    /// <summary>The published settings.</summary>
    public override TrainingConfig ImageDefaults(Compatibility compatibility) =>
        CifarDefaults.With(
            new AmtmlKdConfig
            {
                Amtml =
                    compatibility == Compatibility.Reference
                        ? new AmtmlConfig
                        {
                            WeightsFrom = WeightsSource.Distillation,
                            Distance = 1,
                            AdapterPenalty = 0.1,
                        }
                        : new(),
            }
        );

    /// <summary>None are published for volumes: relations and hints are off.</summary>
    public override TrainingConfig Defaults(NetworkName network, Compatibility compatibility) =>
        VolumeDefaults.With(
            network,
            new AmtmlKdConfig
            {
                Amtml = new AmtmlConfig { Angle = 0, Hint = 0 },
            }
        );

    public override NetworkDescription NetworkOf(TrainingConfig config) => new(config.Network, SharingName.JointNorm);

    public override void CheckRules(TrainingConfig config, Action<bool, string, string> require)
    {
        AmtmlConfig settings = SettingsOf(config);
        require(settings.Teachers.Count != 1, TeachersKey, "names one teacher, expected none or at least two");
        foreach ((string name, string folder) in settings.Teachers)
            require(folder.Length > 0, $"{TeachersKey}.{name}", "is empty, expected a run folder");
        if (config.Method.Task != TrainingTask.Volumes)
            return;
        require(settings.Hint == 0, "amtml.hint", $"is {settings.Hint}, but hints are for images; set it to 0");
        require(
            config.Compat == Compatibility.Default,
            "compat",
            "is reference, but the published code takes images only; leave it out"
        );
    }

    public override TrainingConfig Resolve(TrainingConfig config)
    {
        AmtmlConfig settings = SettingsOf(config);
        var found = new SortedDictionary<string, string>(
            settings.Teachers.ToDictionary(
                teacher => teacher.Key,
                teacher =>
                    WeightsHash
                        .OfRun(
                            $"{TeachersKey}.{teacher.Key}",
                            teacher.Value,
                            new WeightsHash(settings.TeacherHashes.GetValueOrDefault(teacher.Key, ""))
                        )
                        .Text
            ),
            StringComparer.Ordinal
        );
        return config with { Own = new AmtmlKdConfig { Amtml = settings with { TeacherHashes = found } } };
    }

    public override ImageMethod Create(Backend backend, TrainingConfig config, ClassifierDescription model)
    {
        if (model.IsMultiLabel && SettingsOf(config) is { Teachers.Count: > 0, WeightsFrom: WeightsSource.Labels })
            throw new InvalidDataException(
                "amtml.weights_from is labels, but the images have several labels each; set amtml.weights_from=distillation"
            );
        return WithTeachers<ImageTeacher, ImageMethod>(
            config,
            (name, key, folder) => ImageTeacher.Open(name, key, folder, backend, model),
            teachers => new AmtmlKdMethod(backend, model, teachers, config)
        );
    }

    public override VolumeMethod Create(Backend backend, TrainingConfig config, ModelDescription model) =>
        WithTeachers<VolumeTeacher, VolumeMethod>(
            config,
            (name, key, folder) => VolumeTeacher.Open(name, key, folder, backend, model),
            teachers => new AmtmlKdVolumeMethod(backend, model, teachers, config)
        );

    /// <summary>A method that has its teachers, which are disposed of where it cannot be made.</summary>
    private static TMethod WithTeachers<TTeacher, TMethod>(
        TrainingConfig config,
        Func<string, string, string, TTeacher> open,
        Func<IReadOnlyList<TTeacher>, TMethod> make
    )
        where TTeacher : Teacher
    {
        var teachers = new List<TTeacher>();
        try
        {
            foreach ((string name, string folder) in SettingsOf(config).Teachers)
                teachers.Add(open(name, $"{TeachersKey}.{name}", folder));
            return make(teachers);
        }
        catch
        {
            teachers.ForEach(teacher => teacher.Dispose());
            throw;
        }
    }

    private static MethodVariant Teacher(string name, string classes) =>
        new(
            name,
            $"a wider network that learnt the classes {classes}",
            $"images.classes={classes}",
            "classifier.depth=8",
            "classifier.width=16"
        )
        {
            Task = TrainingTask.Images,
        };

    private static MethodVariant OfImages(string name, string summary, params IReadOnlyList<string> settings) =>
        new(name, summary, settings) { Task = TrainingTask.Images, Needs = ThreeTeachers };

    private static AmtmlConfig SettingsOf(TrainingConfig config) => ((AmtmlKdConfig)config.Own).Amtml;
}
