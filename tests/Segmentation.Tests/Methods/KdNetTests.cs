using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.KdNet;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Tests.Data;
using UnpairedSegEngine.Segmentation.Tests.Training;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>A teacher on four channels, students on one.</summary>
internal sealed class KdNetTests
{
    private const int Steps = 4;

    private static readonly string[] Common =
    [
        "method.name=kd-net",
        "network.channels=2",
        "data.size=16",
        "data.slices=1",
        $"training.steps={Steps}",
        "training.batch=2",
        "training.validate_every=2",
        "training.save_every=2",
        "training.log_every=1",
    ];

    private readonly TemporaryFolder folder = new();
    private SegmentationDataset dataset = null!;

    private string Teacher => folder.File("teacher");

    [OneTimeSetUp]
    public void TrainTeacher()
    {
        PhantomDataset.Write(
            folder.File("data"),
            new PhantomDatasetOptions
            {
                Paired = true,
                Training = 2,
                Validation = 1,
                Test = 1,
                Size = 24,
                Slices = 6,
            },
            null,
            CancellationToken.None
        );
        dataset = SegmentationDataset.Open(folder.File("data"));
        Train("teacher", "network.channels=4");
    }

    [OneTimeTearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void Lambda_one_is_the_plain_student_bit_for_bit()
    {
        Train("plain", "data.channels=T1");
        Train("one", "data.channels=T1", $"kd_net.teacher={Teacher}", "kd_net.lambda=1");
        Train("half", "data.channels=T1", $"kd_net.teacher={Teacher}", "kd_net.lambda=0.5");
        Assert.That(End("one"), Is.EqualTo(End("plain")));
        Assert.That(End("half"), Is.Not.EqualTo(End("plain")));
    }

    [Test]
    public void A_student_that_was_stopped_goes_on_to_the_same_bits()
    {
        string[] sets = ["data.channels=T1", $"kd_net.teacher={Teacher}"];
        Train("whole", sets);
        Train("parts", 3, sets);
        Resume("parts");
        Assert.That(End("parts"), Is.EqualTo(End("whole")));
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        using TrainedRun run = TrainedRun.Open(folder.File("whole"), backend, latest: true, _ => { });
        Assert.That(run.Description.Volumes, Is.EqualTo(1), "the student sees one channel");
        Assert.That(
            SafetensorsFile
                .Read(Checkpoint("whole", "weights.safetensors"))
                .Arrays.Select(array => array.Name)
                .Where(name => name.StartsWith("projection/", StringComparison.Ordinal)),
            Is.EquivalentTo(new[] { "projection/projection.kernel", "projection/projection.bias" }),
            "bottlenecks of other widths meet by a projection"
        );
    }

    [Test]
    public void The_teacher_does_not_change_and_gets_no_gradient()
    {
        TrainingConfig config = Config("data.channels=T1", $"kd_net.teacher={Teacher}");
        ModelDescription model = ModelDescriptions.Of(config, dataset);
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using var method = (KdNetMethod)config.Definition.Create(backend, config, model);
        TrainingModule teacher = method.Modules.Single(module => module.IsFrozen);
        float[][] before = [.. teacher.Parameters.All.Select(p => p.Value.ToArray<float>())];
        PreparedCase[] cases = Prepare(config, model);
        ModelDescription samples = config.Definition.SamplesFor(config, model);
        using var trainer = new Trainer(
            method,
            SampleSources.Vary(SampleSources.Create(config, cases, dataset.Modalities, samples.Preprocessing.Shape), config),
            config.Training
        );
        trainer.Run();
        Assert.That(teacher.Parameters.All.Select(p => p.Value.ToArray<float>()), Is.EqualTo(before));
        Assert.That(teacher.Parameters.All.Select(p => p.Variable.Gradient), Has.All.Null);
    }

    [Test]
    public void Records_name_both_divergences_and_the_total_is_their_weighted_sum()
    {
        Train("records", "data.channels=T2", $"kd_net.teacher={Teacher}", "kd_net.lambda=0.3", "kd_net.alpha=0.4");
        foreach (MetricRecord record in MetricsLog.Read(RunFolder.Open(folder.File("records"))))
        {
            var values = record.Values.ToDictionary(value => value.Key, value => value.Value);
            if (!values.ContainsKey("loss/total"))
                continue;
            double expected =
                (0.3 * (values["loss/dice_paired"] + values["loss/ce_paired"]))
                + (0.7 * ((0.4 * values["loss/kd_output"]) + (0.6 * values["loss/kd_bottleneck"])));
            Assert.That(values["loss/total"], Is.EqualTo(expected).Within(1e-6));
            Assert.That((values["loss/kd_output"], values["loss/kd_bottleneck"]), Is.GreaterThan((0.0, 0.0)));
        }
    }

    [Test]
    public void Another_teacher_is_refused()
    {
        TrainingConfig config = Config(
            "data.channels=T1",
            $"kd_net.teacher={Teacher}",
            "kd_net.teacher_weights=00000000000000000000000000000000"
        );
        Assert.That(
            () => config.Definition.Resolve(config),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("kd_net.teacher")
        );
    }

    [TestCase("data.size=24", "16x16")]
    [TestCase("data.normalization.T1=none", "normalizes T1")]
    public void A_teacher_of_other_samples_is_refused(string set, string says)
    {
        TrainingConfig config = Config("data.channels=T1", $"kd_net.teacher={Teacher}", set);
        Assert.That(
            () => config.Definition.SamplesFor(config, ModelDescriptions.Of(config, dataset)),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(says).And.Message.Contains(Teacher)
        );
    }

    /// <summary>The recorded step, with two networks and two optimizers in it.</summary>
    [Test]
    public void Replayed_steps_have_the_bits_of_launched_ones()
    {
        if (Backends.Cuda.Driver.EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        Assert.That(Emulated(records: true), Is.EqualTo(Emulated(records: false)));

        float[] Emulated(bool records)
        {
            TrainingConfig config = Config(
                "data.channels=T1",
                $"kd_net.teacher={Teacher}",
                "training.batch=1",
                "training.steps=3", // launched, recorded, replayed
                "training.validate_every=0"
            );
            ModelDescription model = ModelDescriptions.Of(config, dataset);
            using Device device = Device.OpenCpu();
            using CudaBackend backend = CudaBackend.OpenEmulated(device, ConvolutionPrecision.Fp32, records);
            using VolumeMethod method = config.Definition.Create(backend, config, model);
            using var trainer = new Trainer(
                method,
                SampleSources.Vary(
                    SampleSources.Create(
                        config,
                        Prepare(config, model),
                        dataset.Modalities,
                        config.Definition.SamplesFor(config, model).Preprocessing.Shape
                    ),
                    config
                ),
                config.Training
            );
            trainer.Run();
            return
            [
                .. method
                    .Modules.Where(module => !module.IsFrozen)
                    .SelectMany(module => module.Parameters.All)
                    .SelectMany(p => p.Value.ToArray<float>()),
            ];
        }
    }

    private PreparedCase[] Prepare(TrainingConfig config, ModelDescription model)
    {
        ModelDescription samples = config.Definition.SamplesFor(config, model);
        return
        [
            .. dataset
                .Split()
                .Train.Select(samples.Adopt)
                .Select(source => CaseReader.Read(source, dataset.ClassNames))
                .Select(loaded => PreparedCase.Prepare(loaded, samples.Preprocessing, dataset.ClassNames.Count)),
        ];
    }

    private static TrainingConfig Config(params string[] sets) => ConfigLoader.Load(sets: [.. Common, .. sets]);

    private byte[] End(string name) => File.ReadAllBytes(Checkpoint(name, "weights.safetensors"));

    private string Checkpoint(string name, string file) =>
        Path.Combine(folder.File(name), "checkpoints", $"step-{Steps:D8}", file);

    private void Train(string name, params string[] sets) => Train(name, long.MaxValue, sets);

    private void Train(string name, long stopAfter, params string[] sets)
    {
        TrainingConfig config = Config(sets);
        config = config.Definition.Resolve(config);
        ModelDescription model = ModelDescriptions.Of(config, dataset);
        RunFolder run = RunFolder.Create(folder.File(name), config, RunInfo.OfThisProcess([]), model.Write);
        Train(run, model, stopAfter);
    }

    private void Resume(string name)
    {
        RunFolder run = RunFolder.Open(folder.File(name));
        Assert.That(run.Config.Definition.Resolve(run.Config).Own, Is.EqualTo(run.Config.Own), "the teacher is the same");
        Train(run, run.ReadModel(), long.MaxValue);
    }

    private void Train(RunFolder run, ModelDescription model, long stopAfter)
    {
        var session = TrainingSession.OnVolumes(dataset, 0, dataset.Split(), run.Config, model, 1);
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using var stop = new CancellationTokenSource();
        session.Train(run, backend, new StoppingView(stopAfter, stop), stop.Token);
    }
}
