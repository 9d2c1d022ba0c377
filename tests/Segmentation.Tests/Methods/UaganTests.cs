using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Experiments;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Uagan;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Tests.Training;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>Small networks on phantoms in three modalities.</summary>
internal sealed class UaganTests
{
    private readonly VolumeRuns runs = new(
        VolumeRuns.Few with
        {
            Modalities = [PhantomModality.CT, PhantomModality.MR, PhantomModality.T1],
        },
        "method.name=uagan",
        "network.halvings=2",
        "uagan.discriminator_channels=2",
        "uagan.discriminator_layers=3"
    );

    private SegmentationDataset Dataset => runs.Dataset;

    [OneTimeTearDown]
    public void DeleteRuns() => runs.Dispose();

    [TestCase("uagan")]
    [TestCase("joint", "network.name=unet2d")]
    public void A_run_that_was_stopped_goes_on_to_the_same_bits(string name, params string[] sets)
    {
        runs.Train($"{name}-whole", sets);
        runs.Train($"{name}-parts", 3, sets);
        runs.Resume($"{name}-parts");
        foreach (string file in new[] { "weights.safetensors", "optimizer.safetensors", "state.json" })
            Assert.That(End($"{name}-parts", file), Is.EqualTo(End($"{name}-whole", file)), file);
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        using TrainedRun trained = TrainedRun.Open(runs.PathOf($"{name}-whole"), backend, latest: true, _ => { });
        Assert.That(
            trained.Description.Modalities,
            Is.EqualTo(new[] { "CT", "MR", "T1" }),
            "the model says what it was trained on"
        );
    }

    [Test]
    public void Records_name_all_losses_and_their_sum_follows_the_ramp()
    {
        runs.Train("records", "uagan.shape_ramp=0.75", "optimizer.learning_rate=0.001", "uagan.rate_decay=0.5");
        var records = MetricsLog
            .Read(RunFolder.Open(runs.PathOf("records")))
            .Select(record => (record.Step, Values: record.Values.ToDictionary(value => value.Key, value => value.Value)))
            .Where(record => record.Values.ContainsKey("loss/total"))
            .ToList();
        Assert.That(records, Has.Count.EqualTo(VolumeRuns.Steps));
        foreach ((long step, Dictionary<string, double> values) in records)
        {
            double Loss(string name) => values[$"loss/{name}"];
            double expected =
                Loss("discriminator_real")
                + Loss("discriminator_fake")
                + Loss("discriminator_modality")
                + (10 * Loss("gradient_penalty"))
                + Loss("generator_fake")
                + Loss("generator_modality")
                + (100 * Loss("segmentation"))
                + (10 * Loss("cycle"))
                + (100 * Math.Min(step / 3.0, 1) * Loss("shape"));
            Assert.That(Loss("total"), Is.EqualTo(expected).Within(1e-9 * Math.Abs(expected)), $"step {step}");
            double rate = step <= 2 ? 1e-3 : 1e-3 + ((1e-6 - 1e-3) * (step - 2) / 2);
            Assert.That(values["learning_rate"], Is.EqualTo(rate).Within(1e-12));
            Assert.That(values["learning_rate/discriminator"], Is.EqualTo(rate).Within(1e-12));
        }
    }

    [Test]
    public void A_step_moves_both_networks_and_leaves_no_gradients()
    {
        TrainingConfig config = Config();
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using VolumeMethod method = Create(config, backend);
        float[][] before = [.. method.Modules.Select(WeightsOf)];
        using (var runner = new StepRunner(method))
            runner.Run(1, Batch(method, config, step: 0));
        Assert.That(method.Modules.Select(module => module.Name), Is.EqualTo(new[] { "", "discriminator" }));
        foreach ((TrainingModule module, float[] earlier) in method.Modules.Zip(before))
        {
            Assert.That(WeightsOf(module), Is.Not.EqualTo(earlier), $"'{module.Name}' learns");
            Assert.That(module.Parameters.All.Select(p => p.Variable.Gradient), Has.All.Null);
            Assert.That(module.Parameters.Trainable.Select(p => p.Variable.RequiresGradient), Has.All.True);
        }
    }

    /// <summary>The discriminator, with two updates in a step; targets, masks, ramp and rates differ from step to step.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public void Replayed_steps_have_the_bits_of_launched_ones(bool onDevice)
    {
        RequireEmulator();
        (float[] launched, double[] losses, _) = Emulated(records: false, onDevice);
        (float[] replayed, double[] same, bool isRecorded) = Emulated(records: true, onDevice);
        Assert.That(isRecorded, Is.True);
        Assert.That(same, Is.EqualTo(losses));
        Assert.That(replayed, Is.EqualTo(launched));
    }

    /// <summary>
    /// With a large epsilon, updates are proportional to gradients: rounding does not decide about signs.
    /// </summary>
    [Test]
    public void The_kernels_step_is_the_processors()
    {
        RequireEmulator();
        TrainingConfig config = Config("training.batch=1", "optimizer.epsilon=1", "optimizer.learning_rate=0.01");
        (float[] Weights, double[] Losses) onCpu = Step(device => new CpuBackend(device, 1, exact: true)),
            onKernels = Step(device => CudaBackend.OpenEmulated(device, ConvolutionPrecision.Fp32, records: false));
        Assert.That(onKernels.Losses, Is.EqualTo(onCpu.Losses).Within(1e-5));
        Assert.That(onKernels.Weights, Is.EqualTo(onCpu.Weights).Within(1e-5f));

        (float[], double[]) Step(Func<Device, Backend> open)
        {
            using Device device = Device.OpenCpu();
            using Backend backend = open(device);
            using VolumeMethod method = Create(config, backend);
            using var runner = new StepRunner(method);
            LossReport losses = runner.Run(1, Batch(method, config, step: 0));
            return ([.. method.Modules.SelectMany(WeightsOf)], [.. losses.Terms.Select(term => term.Value)]);
        }
    }

    [Test]
    public void The_judge_knows_real_slices_and_does_not_take_them_for_translations()
    {
        TrainingConfig config = Config();
        PreparedCase[] cases = Cases(config);
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using VolumeMethod method = Create(config, backend);
        using var judge = new TranslationJudge(backend, cases, modalities: 3, steps: 60);
        Assert.That(judge.AccuracyOn(cases), Is.GreaterThan(0.9));

        // A generator that learnt nothing makes one picture of all targets: at most one of three is right.
        var generator = (TwoStreamUNet2D)method.Network;
        Assert.That(judge.Accepts(generator, cases), Is.LessThan(0.6));
    }

    [Test]
    public void Translations_are_shown_beside_labels_and_segmentation()
    {
        TrainingConfig config = Config();
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using VolumeMethod method = Create(config, backend);
        string path = runs.PathOf("translations.png");
        TranslationPicture.Write(
            path,
            backend,
            (TwoStreamUNet2D)method.Network,
            ModelDescriptions.Of(config, Dataset),
            Cases(config)
        );
        using SkiaSharp.SKBitmap picture = SkiaSharp.SKBitmap.Decode(path);

        // Two training cases of each of three modalities; the slice, three translations, labels, segmentation.
        (int side, int gap, int text) = (192, 6, 20);
        Assert.That(
            (picture.Width, picture.Height),
            Is.EqualTo((gap + (6 * (side + gap)), (6 * (text + side + gap)) + text + gap))
        );
    }

    /// <summary>A whole small experiment: what the method finds goes to the report.</summary>
    [Test]
    public void An_experiment_reports_translations()
    {
        string path = runs.PathOf("experiment");
        var data = ExperimentData.Open(Dataset.Folder, TrainingTask.Volumes);
        var plan = ExperimentPlan.Create(path, data, Config("training.steps=2"), ["joint", "uagan"], [1], folds: 1, judged: null);
        var runner = new ExperimentRunner(plan, data, []);
        var arithmetic = Arithmetic.Of("cpu", ConvolutionPrecision.Fp32, exact: false);
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using var stop = new CancellationTokenSource();
        foreach (ExperimentJob job in plan.Jobs)
            runner.Run(job, backend, arithmetic, 1, new StoppingView(long.MaxValue, stop), stop.Token);
        ExperimentReport report = ExperimentReport.Collect(plan, data);
        report.Write();
        Assert.That(report.Scores()["uagan: examined"]["all"]["translations accepted"].Mean, Is.InRange(0, 1));
        Assert.That(report.Scores().Keys, Is.EqualTo(new[] { "joint", "uagan", "uagan: examined" }));
        Assert.That(report.Summary, Does.Contain("uagan: real slices known"));
        Assert.That(File.ReadAllText(Path.Combine(path, "report.md")), Does.Contain("(report/translations-uagan.png)"));
        Assert.That(
            Directory.GetFiles(Path.Combine(path, "report"), "*-uagan.png").Select(Path.GetFileName),
            Is.EquivalentTo(new[] { "cases-uagan.png", "translations-uagan.png" })
        );
    }

    [TestCase("network.name=dilated2d", "trains two_stream2d or unet2d")]
    [TestCase("data.slices=3", "expected 1")]
    [TestCase("uagan.discriminator_layers=5", "no multiple of 2^5")]
    [TestCase("optimizer.name=sgd", "adam")]
    [TestCase("optimizer.decay_factor=0.9", "uagan.rate_decay")]
    [TestCase("loss.dice_weight=1", "cross-entropy")]
    [TestCase("network.norm.kind=batch", "instance")]
    [TestCase("compat=reference", "no choice")]
    public void Settings_that_do_not_fit_are_refused(string set, string says) =>
        Assert.That(
            () => Config(set),
            Throws.TypeOf<UsageException>().With.Message.Contains(says).And.Message.Contains(set.Split('=')[0])
        );

    [Test]
    public void Other_methods_refuse_its_networks() =>
        Assert.That(
            () => ConfigLoader.Load(sets: ["network.name=two_stream2d"]),
            Throws.TypeOf<UsageException>().With.Message.Contains("ummkd trains dilated2d or unet3d")
        );

    private static void RequireEmulator()
    {
        if (Backends.Cuda.Driver.EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
    }

    private (float[] Weights, double[] Losses, bool IsRecorded) Emulated(bool records, bool onDevice)
    {
        TrainingConfig config = Config("training.batch=1", "data.size=8", $"augmentation.place={(onDevice ? "device" : "host")}");
        using Device device = Device.OpenCpu();
        using CudaBackend backend = CudaBackend.OpenEmulated(device, ConvolutionPrecision.Fp32, records);
        using VolumeMethod method = Create(config, backend);
        using var runner = new StepRunner(method);
        using BatchLoader loader = Loader(method, config);
        var losses = new List<double>();
        for (int step = 1; step <= VolumeRuns.Steps; step++) // launched, recorded, replayed twice
        {
            using LoadedBatch batch = loader.Next();
            losses.AddRange(runner.Run(step, batch).Terms.Select(term => term.Value));
        }

        return ([.. method.Modules.SelectMany(WeightsOf)], [.. losses], runner.Recording is not null);
    }

    private static float[] WeightsOf(TrainingModule module) =>
        [.. module.Parameters.All.SelectMany(p => p.Value.ToArray<float>())];

    private VolumeMethod Create(TrainingConfig config, Backend backend) =>
        config.Definition.Create(backend, config, ModelDescriptions.Of(config, Dataset));

    private LoadedBatch Batch(VolumeMethod method, TrainingConfig config, long step)
    {
        using BatchLoader loader = Loader(method, config, step);
        return loader.Next();
    }

    private BatchLoader Loader(VolumeMethod method, TrainingConfig config, long step = 0)
    {
        SampleShape shape = ModelDescriptions.Of(config, Dataset).Preprocessing.Shape;
        IVolumeSamples samples = SampleSources.Create(config, Cases(config), Dataset.Modalities, shape);
        return new BatchLoader(
            method.Extend(SampleSources.Vary(samples, config)),
            config.Training.Batch,
            (ulong)config.Training.Seed,
            step
        );
    }

    private PreparedCase[] Cases(TrainingConfig config)
    {
        ModelDescription model = ModelDescriptions.Of(config, Dataset);
        return
        [
            .. Dataset
                .Split()
                .Train.Select(model.Adopt)
                .Select(source => CaseReader.Read(source, Dataset.ClassNames))
                .Select(loaded => PreparedCase.Prepare(loaded, model.Preprocessing, Dataset.ClassNames.Count)),
        ];
    }

    private TrainingConfig Config(params string[] sets) => runs.Config(sets);

    /// <summary>A file of the last checkpoint.</summary>
    private byte[] End(string name, string file) =>
        File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(runs.WeightsOf(name))!, file));
}
