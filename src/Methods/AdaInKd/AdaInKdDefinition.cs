using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Sharing;

namespace UnpairedSegEngine.Methods.AdaInKd;

/// <summary><see cref="AdaInKdMethod"/> and <see cref="AdaInKdVolumeMethod"/> by a configuration.</summary>
internal sealed class AdaInKdDefinition : MethodDefinition
{
    private const string TeacherKey = "adain.teacher",
        WiderNetwork = "a wider network, labels alone";

    private static readonly NeededVariant[] OfTeacher = [new("teacher", TeacherKey)];

    public override string Name => "adain-kd";

    public override string Summary =>
        "images or volumes: the frozen teacher judges the student's feature statistics (arXiv:2003.04289)";

    public override IReadOnlyList<TrainingTask> Tasks { get; } = [TrainingTask.Images, TrainingTask.Volumes];

    /// <summary>The network of the common settings is the student's.</summary>
    public override IReadOnlyList<MethodVariant> Variants { get; } =
    [
        new("teacher", WiderNetwork, "classifier.width=16") { Task = TrainingTask.Images },
        new("teacher", WiderNetwork, "network.channels=8") { Task = TrainingTask.Volumes },
        new("student", "labels alone"),
        new("statistics", "labels and the squares between statistics", "adain.adaptive=0") { Needs = OfTeacher },
        new("adain-kd", "labels and the teacher's verdict on the statistics", "adain.statistics=0") { Needs = OfTeacher },
        new("both", "labels, squares and verdict") { Needs = OfTeacher },
        new("between", "labels and the squares between the modalities' statistics", "adain.between=1")
        {
            Task = TrainingTask.Volumes,
        },
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

    public override TrainingConfig Defaults(NetworkName network, Compatibility compatibility) =>
        VolumeDefaults.With(network, new AdaInKdConfig { Adain = new AdaInConfig { Stages = BottleneckOf(network) } });

    public override NetworkDescription NetworkOf(TrainingConfig config) => new(config.Network, SharingName.JointNorm);

    public override void CheckRules(TrainingConfig config, Action<bool, string, string> require)
    {
        require(
            config.Compat == Compatibility.Default,
            "compat",
            "is reference, but no code of the authors could be had to agree with"
        );
        require(
            SettingsOf(config).Between == 0 || config.Method.Task == TrainingTask.Volumes,
            "adain.between",
            "is not 0, but images have no modalities (method.task: volumes)"
        );
    }

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

    public override VolumeMethod Create(Backend backend, TrainingConfig config, ModelDescription model)
    {
        if (SettingsOf(config).Between > 0 && model.Modalities.Count < 2)
            throw new InvalidDataException(
                $"adain.between: is above 0, but the dataset has one modality, {model.Modalities[0]}; set it to 0"
            );
        string folder = SettingsOf(config).Teacher.Text;
        VolumeTeacher? teacher = folder.Length == 0 ? null : VolumeTeacher.Open("teacher", TeacherKey, folder, backend, model);
        try
        {
            return new AdaInKdVolumeMethod(backend, model, teacher, config);
        }
        catch
        {
            teacher?.Dispose();
            throw;
        }
    }

    private static StageNames BottleneckOf(NetworkName network) =>
        network switch
        {
            NetworkName.Dilated2d => new("g9"),
            NetworkName.Unet3d => new("enc4"),
            _ => throw new ArgumentOutOfRangeException(nameof(network), network, "no such network"),
        };

    private static AdaInConfig SettingsOf(TrainingConfig config) => ((AdaInKdConfig)config.Own).Adain;
}
