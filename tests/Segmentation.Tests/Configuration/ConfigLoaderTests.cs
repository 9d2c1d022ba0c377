using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Tests.Configuration;

public sealed class ConfigLoaderTests
{
    private readonly TemporaryFolder folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void DefaultsAreThePapers()
    {
        TrainingConfig config = ConfigLoader.Load();
        Assert.Multiple(() =>
        {
            Assert.That(
                (config.Network.Channels, config.Network.DropoutKeep, config.Network.LeakySlope),
                Is.EqualTo((16, 0.75, 0.2))
            );
            Assert.That(
                (config.Network.Norm.Kind, config.Network.Norm.Decay, config.Network.Norm.Epsilon),
                Is.EqualTo((NormalizationKind.Batch, 0.9, 1e-3))
            );
            Assert.That(
                (config.Loss.DiceWeight, config.Loss.CeWeight, config.Loss.CeClip, config.Loss.L2),
                Is.EqualTo((1, 1, 0.005, 1e-4))
            );
            Assert.That(
                Kd(config),
                Is.EqualTo(
                    new DistillationConfig
                    {
                        Weight = 0.5,
                        Temperature = 2,
                        Absent = AbsentClass.Skip,
                    }
                )
            );
            Assert.That(
                (config.Optimizer.LearningRate, config.Optimizer.DecayFactor, config.Optimizer.DecayEvery),
                Is.EqualTo((1e-3, 0.95, 1000))
            );
            Assert.That(
                (config.Training.Steps, config.Training.Batch, config.Data.Slices, config.Data.Size),
                Is.EqualTo((150_000, 8, 3, 256))
            );
            Assert.That(config.Augmentation.Flip, Is.Zero);
        });
    }

    [Test]
    public void EachSourceOverrulesTheOneBefore()
    {
        string path = Yaml("training:\n  steps: 10\n  batch: 2\n  seed: 5\nloss:\n  kd:\n    weight: 0.25\n");
        TrainingConfig config = ConfigLoader.Load(
            path,
            ["training.batch=3", "training.seed = 6"],
            [new ConfigSetting("training.seed", "7", "--seed")]
        );
        Assert.That(
            (config.Training.Steps, config.Training.Batch, config.Training.Seed, Kd(config).Weight),
            Is.EqualTo((10, 3, 7L, 0.25))
        );
    }

    [Test]
    public void AWrittenConfigurationReadsBackTheSame()
    {
        TrainingConfig config = ConfigLoader.Load(
            null,
            [
                "data.normalization.CT=window(-160,240)",
                "data.normalization.MR: T2 # 1=zscore",
                "augmentation.enabled=false",
                "network.norm.kind=group",
                "optimizer.learning_rate=0.00030000000000000003",
                "loss.l2=1e-300",
                "training.seed=9223372036854775807",
                "compat=reference",
            ]
        );
        string first = Written(config);
        TrainingConfig read = ConfigLoader.Load(Yaml(first));
        Assert.Multiple(() =>
        {
            Assert.That(
                read.Keys.All.Where(key => !key.IsMap).Select(key => key.TextIn(read)),
                Is.EqualTo(config.Keys.All.Where(key => !key.IsMap).Select(key => key.TextIn(config)))
            );
            Assert.That(read.Data.Normalization, Is.EqualTo(config.Data.Normalization));
            Assert.That(read.Data.Normalization, Has.Count.EqualTo(2));
            Assert.That(Written(read), Is.EqualTo(first));
        });
    }

    [Test]
    public void TheReferencePresetReplacesDefaultsButNotSettings()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Kd(ConfigLoader.Load(null, ["compat=reference"])).Absent, Is.EqualTo(AbsentClass.Uniform));
            Assert.That(
                Kd(ConfigLoader.Load(null, ["loss.kd.absent=skip", "compat=reference"])).Absent,
                Is.EqualTo(AbsentClass.Skip)
            );
            Assert.That(Kd(ConfigLoader.Load()).Memory, Is.EqualTo(0.9));
            Assert.That(Kd(ConfigLoader.Load(null, ["compat=reference"])).Memory, Is.Zero);
            Assert.That(
                () => ConfigLoader.Load(null, ["loss.kd.memory=0.5", "compat=reference"]),
                Throws
                    .TypeOf<UsageException>()
                    .With.Message.Contains("loss.kd.memory is above 0, but the published code has none")
            );
        });
    }

    /// <summary>A run that is older than a key goes on as it did.</summary>
    [Test]
    public void WhatARunWroteDownBeforeThereWasAKeyHasTheKeysEarlierValue()
    {
        string path = Yaml(Written(ConfigLoader.Load()).Replace("    memory: 0.9\n", "", StringComparison.Ordinal));
        TrainingConfig recorded = ConfigLoader.LoadRecorded(path);
        Assert.Multiple(() =>
        {
            Assert.That(Kd(recorded).Memory, Is.Zero);
            Assert.That(Kd(ConfigLoader.Load(path)).Memory, Is.EqualTo(0.9), "a user's file has the default");
            Assert.That(Kd(ConfigLoader.LoadRecorded(path, ConfigSetting.Parse("loss.kd.memory=0.5"))).Memory, Is.EqualTo(0.5));
            IReadOnlyDictionary<string, string> now = RunSettings.Of(recorded),
                before = now.Where(setting => setting.Key != "loss.kd.memory").ToDictionary();
            Assert.That(RunSettings.Differences(before, now), Is.Empty);
            Assert.That(
                RunSettings.Differences(before, RunSettings.Of(ConfigLoader.Load())),
                Is.EqualTo(new[] { "loss.kd.memory was absent and is 0.9 now" })
            );
        });
    }

    [TestCase("")]
    [TestCase("# nothing\n")]
    [TestCase("training:\n")]
    public void FilesWithoutSettingsGiveDefaults(string text) =>
        Assert.That(Written(ConfigLoader.Load(Yaml(text))), Is.EqualTo(Written(new TrainingConfig())));

    [TestCase("training:\n  stepz: 5\n", 2, "unknown key 'training.stepz'; the nearest is 'training.steps'")]
    [TestCase("learning_rate: 1\n", 1, "the nearest is 'optimizer.learning_rate'")]
    [TestCase("training: 5\n", 1, "unknown key 'training'")]
    [TestCase("training:\n  steps: many\n", 2, "training.steps is 'many', expected a whole number from 1")]
    [TestCase("training:\n  steps: 1.5\n", 2, "training.steps is '1.5'")]
    [TestCase("training:\n  steps: 99999999999\n", 2, "training.steps is '99999999999'")]
    [TestCase("training:\n  steps: 0\n", 2, "training.steps is '0', expected a whole number from 1")]
    [TestCase("augmentation:\n  enabled: yes\n", 2, "augmentation.enabled is 'yes', expected true or false")]
    [TestCase("network:\n  dropout_keep: 0\n", 2, "network.dropout_keep is '0', expected a number above 0 to 1")]
    [TestCase("network:\n  dropout_keep: .nan\n", 2, "network.dropout_keep is '.nan'")]
    [TestCase("optimizer:\n  learning_rate: -1e-3\n", 2, "expected a number above 0")]
    [TestCase("optimizer:\n  name: adamw\n", 2, "optimizer.name is 'adamw', expected adam or sgd")]
    [TestCase("optimizer:\n  momentum: 1\n", 2, "optimizer.momentum is '1', expected a number from 0 to 0.999999")]
    [TestCase(
        "network:\n\n  norm:\n    kind: bach\n",
        4,
        "network.norm.kind is 'bach', expected batch or instance or layer or group"
    )]
    [TestCase("network:\n  channels: 3\n", 2, "network.channels is 3, expected an even number")]
    [TestCase("data:\n  slices: 2\n", 2, "data.slices is 2, expected an odd number")]
    [TestCase("data:\n  size: 100\n", 2, "data.size is 100, expected a multiple of 8")]
    [TestCase("data:\n  normalization:\n    CT: windw(1,2)\n", 3, "'windw(1,2)' is no normalization")]
    [TestCase("training:\n  steps: [1, 2]\n", 2, "expected groups of 'key: value' lines")]
    [TestCase("- steps\n", 1, "expected groups of 'key: value' lines")]
    [TestCase("just text\n", 1, "expected groups of 'key: value' lines")]
    [TestCase("training:\n  steps: 1\n  steps: 2\n", 3, "training.steps is given twice")]
    [TestCase("training:\n  steps: 1\ntraining:\n  batch: 2\n", 3, "training is given twice")]
    [TestCase("training:\n  steps: &a 1\n  batch: *a\n", 3, "expected groups of 'key: value' lines")]
    [TestCase("compat: default\n---\ncompat: reference\n", 3, "expected groups of 'key: value' lines")]
    [TestCase("training:\n\tsteps: 1\n", 1, "no valid YAML: While scanning a mapping, found invalid tab")]
    [TestCase("training: {steps: 1\n", 2, "no valid YAML")]
    public void MistakesInAFileNameFileLineAndKey(string text, int line, string problem)
    {
        string path = Yaml(text);
        Assert.That(
            () => ConfigLoader.Load(path),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.StartsWith($"{path}:{line}: ")
                .And.Message.Contains(problem)
                .And.Message.Not.Contains("\n")
        );
    }

    [Test]
    public void HostileDepthIsRefused() =>
        Assert.Multiple(() =>
        {
            Assert.That(() => ConfigLoader.Load(Yaml(new string('[', 100_000))), Throws.TypeOf<InvalidDataException>());
            Assert.That(
                () => ConfigLoader.Load(Yaml(string.Concat(Enumerable.Repeat("{a: ", 100_000)))),
                Throws.TypeOf<InvalidDataException>()
            );
            Assert.That(
                () => ConfigLoader.Load(Yaml(new string('x', 2 << 20))),
                Throws.TypeOf<InvalidDataException>().With.Message.Contains("expected at most")
            );
        });

    [Test]
    public void AMissingFileIsNamed() =>
        Assert.That(
            () => ConfigLoader.Load(folder.File("absent.yaml")),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("absent.yaml': no such")
        );

    [TestCase("training.steps", "expected key.path=value")]
    [TestCase("=5", "expected key.path=value")]
    [TestCase("training.stepz=5", "--set: unknown key 'training.stepz'; the nearest is 'training.steps'")]
    [TestCase("training.steps=x", "--set: training.steps is 'x'")]
    [TestCase("network.channels=5", "--set: network.channels is 5, expected an even number")]
    [TestCase("data.normalization=zscore", "--set: unknown key 'data.normalization'")]
    public void MistakesOnTheCommandLineAreTheCallers(string set, string problem) =>
        Assert.That(() => ConfigLoader.Load(null, [set]), Throws.TypeOf<UsageException>().With.Message.Contains(problem));

    [Test]
    public void The_3D_network_brings_its_own_defaults_below_what_is_set()
    {
        TrainingConfig config = ConfigLoader.Load(null, ["network.name=unet3d", "training.batch=1"]);
        Assert.That(
            (config.Optimizer.LearningRate, config.Optimizer.DecayEvery, config.Training.Steps, config.Training.Batch),
            Is.EqualTo((1e-4, 500, 50_000, 1))
        );
        Assert.That((Kd(config).Weight, config.Loss.L2On), Is.EqualTo((0.5, PenalizedParameters.Kernels)));
        TrainingConfig reference = ConfigLoader.Load(null, ["network.name=unet3d", "compat=reference"]);
        Assert.That((Kd(reference).Weight, reference.Loss.L2On), Is.EqualTo((0.0, PenalizedParameters.All)));
    }

    [Test]
    public void Sizes_and_spacings_read_as_written()
    {
        TrainingConfig config = ConfigLoader.Load(
            null,
            ["network.name=unet3d", "network.kernels=3x3x1 5x3x3", "network.pools=4x2x1", "data.spacing=3,2.5,5", "data.depth=3"]
        );
        Assert.That(config.Network.Levels.Kernels, Is.EqualTo(new[] { new Size3(1, 3, 3), new Size3(3, 5, 3) }));
        Assert.That(config.Network.Levels.Multiple, Is.EqualTo(new Size3(1, 4, 2)));
        Assert.That(config.Data.Spacing, Is.EqualTo(new VoxelSpacing(3, 2.5, 5)));
        Assert.That(
            ConfigLoader.Load(Yaml(Written(config))),
            Is.EqualTo(config).Using<TrainingConfig>((a, b) => Written(a) == Written(b))
        );
    }

    [TestCase("data.spacing=3,3", "three numbers")]
    [TestCase("data.spacing=3,0,5", "three numbers")]
    [TestCase("data.spacing=-1,3,5", "three numbers")]
    [TestCase("network.kernels=3x3", "sizes such as")]
    [TestCase("network.kernels=3x3x0 3x3x3", "sizes such as")]
    [TestCase("network.kernels=3x3x2 3x3x3", "must be odd", "network.pools=2x2x2")]
    [TestCase("network.pools=2x2x2", "one pool between")]
    [TestCase("data.depth=12", "data.depth is 12, expected a multiple of 8")]
    [TestCase("data.size=100", "data.size is 100, expected a multiple of 8")]
    public void Bad_3D_settings_are_refused(string set, string problem, string second = "training.steps=1") =>
        Assert.That(
            () => ConfigLoader.Load(null, ["network.name=unet3d", set, second]),
            Throws.TypeOf<UsageException>().With.Message.Contains(problem)
        );

    [Test]
    public void EveryKeyIsExplained() =>
        Assert.Multiple(() =>
        {
            Assert.That(Table.Select(row => row.Meaning), Has.All.Not.Empty);
            Assert.That(Table.Select(row => row.Key), Is.Unique.And.Member("loss.kd.temperature").And.Member("compat"));
            Assert.That(
                Table.Single(row => row.Key == "network.dropout_keep"),
                Is.EqualTo(
                    new ConfigExplanation(
                        "network.dropout_keep",
                        "a number above 0 to 1",
                        "0.75",
                        "probability that dropout keeps an element; 1 for no dropout (not of unet3d)"
                    )
                )
            );
        });

    private static IReadOnlyList<ConfigExplanation> Table { get; } = ConfigExplain.Table(AllMethods.Keys, AllMethods.Defaults);

    private static DistillationConfig Kd(TrainingConfig config) => ((UmmkdConfig)config.Own).Loss.Kd;

    private static string Written(TrainingConfig config)
    {
        using var writer = new StringWriter();
        ConfigFile.Write(writer, config);
        return writer.ToString();
    }

    private string Yaml(string text)
    {
        string path = folder.File("config.yaml");
        File.WriteAllText(path, text);
        return path;
    }
}
