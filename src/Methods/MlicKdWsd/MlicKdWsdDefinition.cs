using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.MlicKdWsd;

/// <summary><see cref="MlicKdWsdMethod"/>, and <see cref="WsddnMethod"/> as its teacher, by a configuration.</summary>
internal sealed class MlicKdWsdDefinition : MethodDefinition
{
    private const string TeacherKey = "mlic.teacher";

    private static readonly NeededVariant[] OfTeacher = [new("teacher", TeacherKey)];

    public override string Name => "mlic-kd-wsd";

    public override string Summary =>
        "several labels per image: a classifier learns from a weakly supervised detector (arXiv:1809.05884)";

    public override IReadOnlyList<TrainingTask> Tasks { get; } = [TrainingTask.Images];

    /// <summary>The network of the common settings is the student's; the teacher sees images as they are.</summary>
    public override IReadOnlyList<MethodVariant> Variants { get; } =
    [
        new("teacher", "a detector that learnt from labels of images", "mlic.role=teacher", "classifier.side=0"),
        new("student", "labels alone"),
        new("stage-2", "labels and the teacher's predictions", "mlic.feature_steps=0") { Needs = OfTeacher },
        new("mlic-kd-wsd", "the teacher's features of regions first, then labels and its predictions") { Needs = OfTeacher },
    ];

    /// <summary>The settings are those of the preset demo-mlic-kd-wsd.</summary>
    public override Demonstration Demonstration { get; } =
        new(
            DemonstrationImages.Canvases(train: 2000, test: 500),
            [
                "method.name=mlic-kd-wsd",
                "images.crop_padding=4",
                "classifier.depth=9",
                "classifier.width=8",
                "classifier.hidden=64",
                "classifier.grid=4",
                "classifier.side=48",
                "classifier.batch_norm=true",
                "classifier.dropout_keep=1",
                "mlic.proposals=40",
                "mlic.feature_steps=400",
                "mlic.head_rate=1",
                "optimizer.name=adam",
                "optimizer.learning_rate=0.002",
                "optimizer.decay_factor=0.3",
                "optimizer.milestones=900,1100",
                "loss.l2=0.0001",
                "training.batch=16",
                "training.steps=1200",
                "training.validate_every=0",
                "training.save_every=0",
                "training.log_every=50",
            ],
            ["teacher", "student", "stage-2", "mlic-kd-wsd"],
            Seeds: 3,
            QuickSettings: ["training.steps=400", "optimizer.milestones=300", "mlic.feature_steps=100"]
        );

    public override object NewSettings() => new MlicKdWsdConfig();

    /// <summary>Networks as published. The solver's files are not: rate, decay and steps are ours.</summary>
    public override TrainingConfig ImageDefaults(Compatibility compatibility) =>
        new()
        {
            Images = new ImagesConfig { CropPadding = 0 },
            Classifier = new ClassifierConfig
            {
                Name = ClassifierName.Vgg,
                Depth = 16,
                Width = 64,
                Hidden = 4096,
                BatchNorm = false,
            },
            Loss = new LossConfig { L2 = 5e-4 },
            Optimizer = new OptimizerConfig
            {
                Name = OptimizerName.Sgd,
                LearningRate = 1e-3,
                DecayFactor = 0.1,
                DecayEvery = 20_000,
            },
            Training = new ScheduleConfig { Steps = 40_000, Batch = 32 },
            Own = new MlicKdWsdConfig(),
        };

    public override void CheckRules(TrainingConfig config, Action<bool, string, string> require)
    {
        MlicConfig settings = SettingsOf(config);
        require(
            config.Classifier.Name == ClassifierName.Vgg,
            "classifier.name",
            "is another than vgg, whose hidden layers read regions"
        );
        require(config.Classifier.Hidden > 0, "classifier.hidden", "is 0, but features of regions are those of hidden layers");
        require(
            settings.Role == DistillationRole.Student || settings.Teacher.Text.Length == 0,
            TeacherKey,
            "names a teacher, but mlic.role is teacher: it has none"
        );
        require(
            settings.Teacher.Text.Length == 0 || settings.FeatureSteps < config.Training.Steps,
            "mlic.feature_steps",
            $"is {settings.FeatureSteps}, but training.steps, {config.Training.Steps}, leaves none for labels"
        );
    }

    public override TrainingConfig Resolve(TrainingConfig config)
    {
        MlicConfig settings = SettingsOf(config);
        return settings.Teacher.Text.Length == 0
            ? config
            : config with
            {
                Own = new MlicKdWsdConfig
                {
                    Mlic = settings with
                    {
                        TeacherWeights = WeightsHash.OfRun(TeacherKey, settings.Teacher.Text, settings.TeacherWeights),
                    },
                },
            };
    }

    public override bool Locates(TrainingConfig config) => SettingsOf(config).Role == DistillationRole.Teacher;

    public override ImageMethod Create(Backend backend, TrainingConfig config, ClassifierDescription model)
    {
        if (!model.IsMultiLabel)
            throw new InvalidDataException(
                "mlic-kd-wsd is for images with several labels, but each image of this dataset has one"
            );
        MlicConfig settings = SettingsOf(config);
        return settings.Role switch
        {
            DistillationRole.Teacher => new WsddnMethod(backend, model, config),
            DistillationRole.Student => CreateStudent(backend, config, model, settings.Teacher.Text),
            _ => throw new InvalidOperationException($"no role {settings.Role}"),
        };
    }

    private static MlicKdWsdMethod CreateStudent(
        Backend backend,
        TrainingConfig config,
        ClassifierDescription model,
        string folder
    )
    {
        DetectorTeacher? teacher = folder.Length == 0 ? null : DetectorTeacher.Open(TeacherKey, folder, backend, model);
        try
        {
            if (teacher is not null && teacher.Units != model.Network.Hidden)
                throw new InvalidDataException(
                    $"{TeacherKey}: '{folder}' has {teacher.Units} hidden units and the student {model.Network.Hidden}, but they are "
                        + "compared one by one; set classifier.hidden to the teacher's"
                );
            return new MlicKdWsdMethod(backend, model, teacher, config);
        }
        catch
        {
            teacher?.Dispose();
            throw;
        }
    }

    private static MlicConfig SettingsOf(TrainingConfig config) => ((MlicKdWsdConfig)config.Own).Mlic;
}
