using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;

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
        "image labels: a student learns from several teachers, weighed anew for every sample (Neurocomputing 415, 2020)";

    public override IReadOnlyList<TrainingTask> Tasks { get; } = [TrainingTask.Images];

    /// <summary>The network of the common settings is the student's. Each class is known to two teachers or three.</summary>
    public override IReadOnlyList<MethodVariant> Variants { get; } =
    [
        Teacher("teacher-a", "0,1,2,3,4,5,6"),
        Teacher("teacher-b", "3,4,5,6,7,8,9"),
        Teacher("teacher-c", "0,1,2,6,7,8,9"),
        new("student", "labels alone"),
        new("average", "labels and the mean of the teachers' outputs", "amtml.weighting=equal", "amtml.angle=0", "amtml.hint=0")
        {
            Needs = ThreeTeachers,
        },
        new("adaptive", "the same with learnt weights of the teachers", "amtml.angle=0", "amtml.hint=0")
        {
            Needs = ThreeTeachers,
        },
        new("amtml-kd", "learnt weights, angles and hints") { Needs = ThreeTeachers },
    ];

    public override Demonstration Demonstration { get; } =
        new(
            DemonstrationImages.Garments,
            [
                "method.name=amtml-kd",
                "images.limit=5000",
                "classifier.depth=8",
                "classifier.width=8",
                "training.batch=64",
                "training.steps=1000",
                "optimizer.milestones=500,750",
                "amtml.adapter_steps=500",
                "training.validate_every=0",
                "training.save_every=0",
                "training.log_every=50",
            ],
            ["teacher-a", "teacher-b", "teacher-c", "student", "average", "adaptive", "amtml-kd"],
            Seeds: 3,
            QuickSettings: ["images.limit=2000", "training.steps=200", "optimizer.milestones=100,150", "amtml.adapter_steps=100"]
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

    public override void CheckRules(TrainingConfig config, Action<bool, string, string> require)
    {
        AmtmlConfig settings = SettingsOf(config);
        require(settings.Teachers.Count != 1, TeachersKey, "names one teacher, expected none or at least two");
        foreach ((string name, string folder) in settings.Teachers)
            require(folder.Length > 0, $"{TeachersKey}.{name}", "is empty, expected a run folder");
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
        var teachers = new List<ImageTeacher>();
        try
        {
            foreach ((string name, string folder) in SettingsOf(config).Teachers)
                teachers.Add(ImageTeacher.Open(name, $"{TeachersKey}.{name}", folder, backend, model));
            return new AmtmlKdMethod(backend, model, teachers, config);
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
            "classifier.depth=14",
            "classifier.width=16"
        );

    private static AmtmlConfig SettingsOf(TrainingConfig config) => ((AmtmlKdConfig)config.Own).Amtml;
}
