using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;

namespace UnpairedSegEngine.Methods.AdaInKd;

/// <summary><see cref="AdaInKdMethod"/> by a configuration.</summary>
internal sealed class AdaInKdDefinition : MethodDefinition
{
    private const string TeacherKey = "adain.teacher";

    private static readonly NeededVariant[] OfTeacher = [new("teacher", TeacherKey)];

    public override string Name => "adain-kd";

    public override string Summary =>
        "image labels: the frozen teacher judges the student's feature statistics (arXiv:2003.04289)";

    public override IReadOnlyList<TrainingTask> Tasks { get; } = [TrainingTask.Images];

    /// <summary>The network of the common settings is the student's.</summary>
    public override IReadOnlyList<MethodVariant> Variants { get; } =
    [
        new("teacher", "a wider network, labels alone", "classifier.width=16"),
        new("student", "labels alone"),
        new("statistics", "labels and the squares between statistics", "adain.adaptive=0") { Needs = OfTeacher },
        new("adain-kd", "labels and the teacher's verdict on the statistics", "adain.statistics=0") { Needs = OfTeacher },
        new("both", "labels, squares and verdict") { Needs = OfTeacher },
    ];

    public override Demonstration Demonstration { get; } =
        new(
            DemonstrationImages.Garments,
            [
                "method.name=adain-kd",
                "images.limit=3000",
                "classifier.depth=8",
                "classifier.width=4",
                "training.batch=64",
                "training.steps=600",
                "optimizer.milestones=300,450",
                "training.validate_every=0",
                "training.save_every=0",
                "training.log_every=50",
            ],
            ["teacher", "student", "statistics", "adain-kd"],
            Seeds: 3,
            QuickSettings: ["training.steps=200", "optimizer.milestones=100,150"]
        );

    public override object NewSettings() => new AdaInKdConfig();

    /// <summary>The paper's own could not be had.</summary>
    public override TrainingConfig ImageDefaults(Compatibility compatibility) => CifarDefaults.With(new AdaInKdConfig());

    public override void CheckRules(TrainingConfig config, Action<bool, string, string> require) =>
        require(
            config.Compat == Compatibility.Default,
            "compat",
            "is reference, but no code of the authors could be had to agree with"
        );

    public override TrainingConfig Resolve(TrainingConfig config)
    {
        AdaInConfig settings = SettingsOf(config);
        return settings.Teacher.Text.Length == 0
            ? config
            : config with
            {
                Own = new AdaInKdConfig
                {
                    Adain = settings with
                    {
                        TeacherWeights = WeightsHash.OfRun(TeacherKey, settings.Teacher.Text, settings.TeacherWeights),
                    },
                },
            };
    }

    public override ImageMethod Create(Backend backend, TrainingConfig config, ClassifierDescription model)
    {
        string folder = SettingsOf(config).Teacher.Text;
        ImageTeacher? teacher = folder.Length == 0 ? null : ImageTeacher.Open("teacher", TeacherKey, folder, backend, model);
        try
        {
            return new AdaInKdMethod(backend, model, teacher, config);
        }
        catch
        {
            teacher?.Dispose();
            throw;
        }
    }

    private static AdaInConfig SettingsOf(TrainingConfig config) => ((AdaInKdConfig)config.Own).Adain;
}
