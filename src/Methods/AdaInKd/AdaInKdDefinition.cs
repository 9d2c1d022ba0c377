using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Training.Configuration;

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

    /// <summary>Those of ResNets on CIFAR (200 epochs of 391 steps): the paper's own could not be had.</summary>
    public override TrainingConfig ImageDefaults(Compatibility compatibility) =>
        new()
        {
            Loss = new LossConfig { L2 = 5e-4, L2On = PenalizedParameters.All },
            Optimizer = new OptimizerConfig
            {
                Name = OptimizerName.Sgd,
                LearningRate = 0.1,
                DecayFactor = 0.1,
                Milestones = new StepList("39100,58650"),
            },
            Training = new ScheduleConfig { Steps = 78_200, Batch = 128 },
            Own = new AdaInKdConfig(),
        };

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
