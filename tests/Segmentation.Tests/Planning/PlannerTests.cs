using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Bench.Benchmarks;
using UnpairedSegEngine.Bench.Planning;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Tests.Planning;

/// <summary>What is measured of a dataset, and what follows from it.</summary>
internal sealed class PlannerTests
{
    private static readonly MemoryLimit Plenty = new(1L << 40, "the machine");

    [Test]
    public void A_fingerprint_has_the_figures_of_the_volumes()
    {
        using var data = new PlannedDataset();
        DatasetFingerprint fingerprint = Measure(data);
        ModalityFingerprint ct = fingerprint.Modalities[0],
            mr = fingerprint.Modalities[1];
        Assert.Multiple(() =>
        {
            Assert.That(ct.Spacing, Is.EqualTo(new[] { 2.0, 2, 4 }).Within(1e-6));
            Assert.That(mr.Spacing, Is.EqualTo(new[] { 2.0, 2, 8 }).Within(1e-6));
            Assert.That(ct.Size, Is.EqualTo(new double[] { PlannedDataset.Side, PlannedDataset.Side, PlannedDataset.Slices }));
            Assert.That(mr.Extent, Is.EqualTo(new[] { 80.0, 80, 128 }).Within(1e-4));
            Assert.That((ct.Cases, ct.Anisotropy, mr.Anisotropy), Is.EqualTo((2, 2.0, 4.0)));
            Assert.That(ct.Volume, Is.EqualTo(2 * 80 * 80 * 64).Within(1));
            Assert.That((ct.Classes[0].Name, ct.Classes[0].Cases), Is.EqualTo(("organ", 2)));
            Assert.That(ct.Classes[0].Millilitres, Is.EqualTo(400 * 16 / 1000.0).Within(1e-6));
            Assert.That((ct.Classes[1].Cases, ct.Classes[1].Millilitres), Is.EqualTo((0, 0.0)));
        });
        IntensityFingerprint of = fingerprint.Intensities[0];
        Assert.Multiple(() =>
        {
            // 30 to 129, each four times in each case.
            Assert.That(of.Mean, Is.EqualTo(79.5).Within(1e-9));
            Assert.That(of.Deviation, Is.EqualTo(Math.Sqrt(((100.0 * 100) - 1) / 12)).Within(1e-9));
            Assert.That((of.Low, of.Median, of.High), Is.EqualTo((30.0, 79.5, 129.0)));
            Assert.That(of.ImageLow, Is.EqualTo(-1000));
        });
    }

    [TestCase("CT", 0, ExpectedResult = true)]
    [TestCase("CT portal_venous", 0, ExpectedResult = true)]
    [TestCase("ct", 0, ExpectedResult = true)]
    [TestCase("Spectral", 0, ExpectedResult = false)]
    [TestCase("A", -1000, ExpectedResult = true)]
    [TestCase("A", -3024, ExpectedResult = true)]
    [TestCase("A", -200, ExpectedResult = false)]
    public bool Fixed_scales_are_windowed(string name, double imageLow) =>
        NormalizationRule.Of(new IntensityFingerprint(name, 80, 30, 10, 82, 170, imageLow), out _)
        == IntensityNormalization.Window(10, 170, -2.333, 3);

    [Test]
    public void Nothing_labelled_leaves_a_normalization_by_volume() =>
        Assert.That(
            NormalizationRule.Of(new IntensityFingerprint("CT", 0, 0, 0, 0, 0, -1000), out _),
            Is.EqualTo(IntensityNormalization.Default)
        );

    [TestCase("3,3,5", 96, 16, "3x3x3 3x3x3 3x3x3 3x3x3", "2x2x2 2x2x2 2x2x1")]
    [TestCase("1,1,5", 128, 16, "3x3x1 3x3x1 3x3x3 3x3x3 3x3x3", "2x2x1 2x2x1 2x2x2 2x2x2")]
    [TestCase("2,2,2", 64, 64, "3x3x3 3x3x3 3x3x3 3x3x3", "2x2x2 2x2x2 2x2x2")]
    [TestCase("4,1,1", 64, 64, "3x1x3 3x3x3 3x3x3 3x3x3 3x3x3", "2x1x2 2x2x2 2x2x2 1x2x2")]
    [TestCase("1,1,1", 8, 4, "3x3x3 3x3x3", "2x2x1")]
    public void Levels_become_isotropic(string spacing, int size, int depth, string kernels, string pools)
    {
        double[] distances = [.. spacing.Split(',').Select(double.Parse)];
        var levels = PlannedLevels.Of([size, size, depth], distances);
        Assert.That((PlannedLevels.Text(levels.Kernels), PlannedLevels.Text(levels.Pools)), Is.EqualTo((kernels, pools)));
    }

    /// <summary>The written file has the plan's settings, and a step of it can be trained.</summary>
    [Test]
    public void A_plan_is_written_read_and_trained([Values("unet3d", "dilated2d")] string network)
    {
        using var data = new PlannedDataset();
        TrainingPlan plan = Plan(
            data,
            new PlanBudget(0.002, Plenty, Network: Enum.Parse<NetworkName>(network, ignoreCase: true), Gflops: 200)
        );
        string path = data.PathOf("plan.yaml");
        AtomicFile.WriteText(path, plan.Write);
        TrainingConfig read = ConfigLoader.Load(path);
        Assert.That(
            read.Keys.All.Select(key => (key.Name, key.TextIn(read))),
            Is.EqualTo(read.Keys.All.Select(key => (key.Name, key.TextIn(plan.Config))))
        );
        Assert.That(read.Data.Normalization, Is.EquivalentTo(plan.Config.Data.Normalization));
        Assert.That(plan.Settings.Select(setting => setting.Reason), Has.None.Empty);
        string text = File.ReadAllText(path);
        foreach (PlannedSetting setting in plan.Settings)
            Assert.That(text, Does.Contain($"# {setting.Reason.Split(' ')[0]}"), setting.Key);

        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 2);
        using var work = new MadeUpWork(read, backend, prediction: false, ModelDescriptions.Of(read, data.Dataset));
        work.Run();
        Assert.That(work.Parameters, Is.Positive);
    }

    /// <summary>Modalities weigh alike: the geometric mean of 2 x 2 x 4 and 2 x 2 x 8.</summary>
    [Test]
    public void Enough_time_has_the_target_spacing()
    {
        using var data = new PlannedDataset();
        TrainingPlan plan = Plan(data, new PlanBudget(24, Plenty, Gflops: 1000));
        Assert.That(plan.Config.Data.Spacing, Is.EqualTo(new VoxelSpacing(2, 2, 5.7)));
        Assert.That(plan.Config.Network.Name, Is.EqualTo(NetworkName.Unet3d));
        Assert.That(plan.Config.Data.Normalization["T"], Does.StartWith("window(30,129,"));
        Assert.That(plan.Config.Data.Normalization["MR"], Is.EqualTo("unpadded_percentile(0.5,99.5)"));
        Assert.That(plan.Config.Training.Steps * plan.StepSeconds, Is.AtMost(24 * 3600));
    }

    [Test]
    public void Less_time_has_coarser_voxels_or_fewer_channels_and_fewer_steps()
    {
        using var data = new PlannedDataset();
        TrainingPlan day = Plan(data, new PlanBudget(24, Plenty, Gflops: 20)),
            minutes = Plan(data, new PlanBudget(0.1, Plenty, Gflops: 20));
        Assert.That(minutes.StepGflop, Is.LessThan(day.StepGflop));
        Assert.That(minutes.Config.Network.Channels, Is.LessThanOrEqualTo(day.Config.Network.Channels));
        Assert.That(minutes.Config.Training.Steps, Is.LessThan(day.Config.Training.Steps));
        Assert.That(minutes.Config.Training.Steps * minutes.StepSeconds, Is.AtMost(360));
    }

    [Test]
    public void Less_memory_has_a_smaller_step()
    {
        using var data = new PlannedDataset();
        TrainingPlan plenty = Plan(data, new PlanBudget(24, Plenty, Gflops: 1000)),
            little = Plan(data, new PlanBudget(24, new MemoryLimit(300L << 20, "--memory 300M"), Gflops: 1000));
        Assert.That(plenty.Memory.Total, Is.GreaterThan(300L << 20));
        Assert.That(little.Memory.Total, Is.AtMost(300L << 20));
        Assert.That(
            () => Plan(data, new PlanBudget(24, new MemoryLimit(100L << 20, "--memory 100M"), Gflops: 1000)),
            Throws.TypeOf<UsageException>().With.Message.Contains("--memory 100M is 100 MiB")
        );
    }

    [Test]
    public void Thin_volumes_are_planned_in_2D()
    {
        using var data = new PlannedDataset(cases: 1, slices: 10);
        Assert.That(Plan(data, new PlanBudget(1, Plenty, Gflops: 100)).Config.Network.Name, Is.EqualTo(NetworkName.Unet3d));
        var thin = Measure(data) with { };
        thin = thin with { Modalities = [.. thin.Modalities.Select(m => m with { Size = [40, 40, 5] })] };
        TrainingPlan plan = new Planner(data.Dataset, thin, new PlanBudget(1, Plenty, Gflops: 100), NoClock).Run();
        Assert.That(plan.Config.Network.Name, Is.EqualTo(NetworkName.Dilated2d));
        Assert.That(
            () => Plan(data, new PlanBudget(1, Plenty, Network: NetworkName.Unet2d, Gflops: 100)),
            Throws.TypeOf<UsageException>().With.Message.Contains("unet2d")
        );
    }

    /// <summary>The clock is asked for a small network, and for the one that is planned.</summary>
    [Test]
    public void Time_is_measured_where_no_rate_is_given()
    {
        using var data = new PlannedDataset();
        var asked = new List<TrainingConfig>();
        TrainingPlan plan = new Planner(
            data.Dataset,
            Measure(data),
            new PlanBudget(1, Plenty),
            (config, _) =>
            {
                asked.Add(config);
                return new StepTime(0.5, Waited: 0.25);
            }
        ).Run();
        Assert.That(asked, Has.Count.EqualTo(2));
        Assert.That(asked[1].Network.Pools, Is.EqualTo(plan.Config.Network.Pools));
        Assert.That(plan.StepSeconds, Is.EqualTo(0.5 / 0.8));
        Assert.That(plan.TimeOrigin, Does.Contain("without the 25 %"));
    }

    [TestCase("data.spacing", ExpectedResult = true)]
    [TestCase("data.normalization.CT", ExpectedResult = true)]
    [TestCase("training.steps", ExpectedResult = true)]
    [TestCase("training.seed", ExpectedResult = false)]
    [TestCase("data.limit.CT", ExpectedResult = false)]
    [TestCase("scheme", ExpectedResult = false)]
    public bool Some_keys_are_left_to_people(string key) => Planner.Decides(key);

    private static DatasetFingerprint Measure(PlannedDataset data) =>
        FingerprintReader.Measure(data.Dataset, data.Dataset.Cases, threads: 2);

    private static TrainingPlan Plan(PlannedDataset data, PlanBudget budget) =>
        new Planner(data.Dataset, Measure(data), budget, NoClock).Run();

    private static StepTime NoClock(TrainingConfig config, ModelDescription model) =>
        throw new InvalidOperationException("the rate was given");
}
