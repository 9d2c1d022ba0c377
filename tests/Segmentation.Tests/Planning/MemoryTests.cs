using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Bench.Benchmarks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Tests.Planning;

/// <summary>What a step takes against what it took, and what there is.</summary>
internal sealed class MemoryTests
{
    /// <summary>Tensors alone: what the runtime and single operations take beside them is measured in docs/plan.md.</summary>
    [TestCase("network.name=dilated2d", "data.size=32")]
    [TestCase("network.name=unet3d", "data.size=32", "data.depth=8")]
    [TestCase("network.name=unet3d", "data.size=32", "data.depth=8", "optimizer.name=sgd", "optimizer.clip=12")]
    [TestCase("network.name=unet3d", "data.size=32", "data.depth=8", "training.average=0.9", "loss.deep_supervision=2")]
    [TestCase(
        "method.name=uagan",
        "data.size=32",
        "data.slices=1",
        "uagan.discriminator_channels=4",
        "uagan.discriminator_layers=3"
    )]
    [TestCase("method.name=kd-net", "data.size=32", "data.depth=8", "network.name=unet3d")]
    public void Computed_is_near_what_a_step_on_the_processor_holds(params string[] sets)
    {
        TrainingConfig config = ConfigLoader.Load(sets: [.. sets, "network.channels=4", "training.batch=2"]);
        ModelDescription model = MadeUpData.Volumes(config);
        StepMemory computed = StepMemory.Of(
            backend => config.Definition.Create(backend, config, model),
            MadeUpData.Samples(config, model),
            config,
            cases: 1000
        );
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 1);
        using (var work = new MadeUpWork(config, backend, prediction: false))
        {
            work.Run();
            work.Run();
        }

        double ratio = (computed.Weights + computed.Optimizer + computed.Working) / (double)device.Pool.PeakLiveBytes;
        TestContext.Out.WriteLine($"{string.Join(' ', sets)}: {ratio:F3} of {device.Pool.PeakLiveBytes >> 10} KiB");
        Assert.That(ratio, Is.InRange(0.9, 1.15), computed.ToString());
        Assert.That(computed.Cases, Is.EqualTo(1000));
        Assert.That(computed.Total, Is.EqualTo(computed.OnDevice + computed.OnHost));
    }

    [TestCase(5L << 30, "training.batch (2)")]
    [TestCase(200L << 30, "data.spacing")]
    public void A_step_that_does_not_fit_is_refused(long cases, string lower)
    {
        TrainingConfig config = ConfigLoader.Load(sets: ["network.name=unet3d"]);
        var memory = new StepMemory(10 << 20, 20 << 20, 6L << 30, 1 << 20, cases);
        using Device device = Device.OpenCpu();
        Assert.DoesNotThrow(() => memory.Require(new MemoryLimit(memory.Total, "x"), device, config));
        Assert.That(
            () => memory.Require(new MemoryLimit(memory.Total - 1, "--memory 4GB"), device, config),
            Throws.TypeOf<OutOfMemoryException>().With.Message.Contains("--memory 4GB is").And.Message.Contains(lower)
        );
    }

    [TestCase("4GB", 4_000_000_000L)]
    [TestCase("4GiB", 4L << 30)]
    [TestCase("1.5g", 3L << 29)]
    [TestCase(" 512 MiB ", 512L << 20)]
    public void Sizes_are_read(string text, long bytes) => Assert.That(MemoryLimit.Parse(text), Is.EqualTo(bytes));

    [TestCase("4")]
    [TestCase("GB")]
    [TestCase("-4GB")]
    [TestCase("1,5GB")]
    [TestCase("0GB")]
    [TestCase("NaNGB")]
    public void What_is_no_size_is_refused(string text) =>
        Assert.That(() => MemoryLimit.Parse(text), Throws.TypeOf<UsageException>().With.Message.Contains("4GB"));

    [Test]
    public void The_least_limit_counts()
    {
        MemoryLimit limit = MemoryLimit.Of("1MB");
        Assert.That((limit.Bytes, limit.Origin), Is.EqualTo((1_000_000L, "--memory 1MB")));
        Assert.That(MemoryLimit.Of("900TB").Bytes, Is.LessThan(900_000_000_000_000));
    }

    /// <summary>Version 2 has one tree, version 1 one for memory; either may be limited above the process's own group.</summary>
    [TestCase("0::/a/b", "a/b/memory.max", "1000", ExpectedResult = 1000L)]
    [TestCase("0::/a/b", "a/memory.max", "2000", ExpectedResult = 2000L)]
    [TestCase("0::/host/path", "memory.max", "3000", ExpectedResult = 3000L)]
    [TestCase("0::/a", "a/memory.max", "max", ExpectedResult = null)]
    [TestCase("4:memory:/a", "memory/a/memory.limit_in_bytes", "4000", ExpectedResult = 4000L)]
    [TestCase("4:memory:/a", "memory/memory.limit_in_bytes", "9223372036854771712", ExpectedResult = null)]
    [TestCase("3:cpu:/a", "cpu/a/memory.limit_in_bytes", "1", ExpectedResult = null)]
    public long? A_container_has_its_limit(string group, string file, string content)
    {
        string mount = Directory.CreateTempSubdirectory("groups-").FullName;
        try
        {
            string groups = Path.Combine(mount, "cgroup"),
                limit = Path.Combine(mount, file);
            File.WriteAllText(groups, $"1:name=x:/\n{group}\n");
            Directory.CreateDirectory(Path.GetDirectoryName(limit)!);
            File.WriteAllText(limit, content + "\n");
            return MemoryLimit.OfContainer(groups, mount)?.Bytes;
        }
        finally
        {
            Directory.Delete(mount, recursive: true);
        }
    }

    [Test]
    public void The_machine_says_what_is_left()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "MemTotal:       100 kB\nMemAvailable:    1048576 kB\n");
            Assert.That(MemoryLimit.OfMachine(file).Bytes, Is.GreaterThan(1L << 30));
        }
        finally
        {
            File.Delete(file);
        }

        Assert.That(MemoryLimit.OfMachine("/nowhere").Bytes, Is.Positive);
    }
}
