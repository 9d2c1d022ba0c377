using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Bench.Benchmarks;
using UnpairedSegEngine.Bench.Modelling;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Segmentation.Tests.Benchmarks;

internal sealed class LaunchedStepTests
{
    private static readonly ConvolutionPrecision[] Precisions = Enum.GetValues<ConvolutionPrecision>();

    /// <summary>With eight channels, Hopper's kernels are among them.</summary>
    [TestCase("dilated2d", ConvolutionPrecision.Bf16, 4)]
    [TestCase("dilated2d", ConvolutionPrecision.Fp32, 2)]
    [TestCase("unet3d", ConvolutionPrecision.Bf16, 8)]
    [TestCase("unet3d", ConvolutionPrecision.Bf16x6, 2)]
    public void The_list_is_what_the_emulated_GPU_launches(string network, ConvolutionPrecision precision, int channels)
    {
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        TrainingConfig config = ConfigLoader.Load(
            sets: [$"network.name={network}", $"network.channels={channels}", "data.size=16", "data.depth=8", "training.batch=1"]
        );
        using Device device = Device.OpenCpu();
        var driver = new WatchedCudaDriver(new EmulatedCudaDriver());
        using (var backend = CudaBackend.Open(device, driver, precision))
        using (var work = new MadeUpWork(config, backend, prediction: false))
        {
            work.Run();
            work.Run();
            Assert.That(work.IsRecorded);
        }

        var listed = LaunchedStep.Of(config, precision, driver.Properties);
        Assert.That(listed.Launches.Select(launch => (launch.Kernel, launch.Geometry)), Is.EqualTo(driver.Replayed));
        Assert.That(listed.Launches, Has.Count.GreaterThan(200));
        foreach (string family in new[] { "convolution_forward_wgmma_", "convolution_backward_weights_wgmma_" })
            Assert.That(
                channels < 8 || listed.Launches.Any(launch => launch.Kernel.StartsWith(family, StringComparison.Ordinal)),
                family
            );
        Assert.That((listed.Graphs, listed.HostWaits), Is.EqualTo((3, 1)));
        Assert.That(listed.Copies, Is.GreaterThan(2 * 16 * 16 * sizeof(float)), "images, labels and the step's numbers");
    }

    [TestCase("dilated2d")]
    [TestCase("unet3d")]
    public void Gradients_of_weights_are_on_a_second_branch_that_follows_and_is_followed(string network)
    {
        TrainingConfig config = ConfigLoader.Load(sets: [$"network.name={network}"]);
        LaunchedStep two = Listed(branches: true),
            one = Listed(branches: false);
        Assert.That(two.Launches.Select(launch => launch.Kernel), Is.EqualTo(one.Launches.Select(launch => launch.Kernel)));
        Assert.That(one.Launches.Any(launch => launch.IsAside), Is.False);
        Assert.That(two.PeakBytes, Is.InRange(one.PeakBytes, one.PeakBytes * 5 / 4));
        KernelLaunch[] gradients =
        [
            .. two.Launches.Where(launch => launch.Kernel.StartsWith("convolution_backward_weights", StringComparison.Ordinal)),
        ];
        Assert.That(gradients, Has.Length.GreaterThan(20).And.All.Property(nameof(KernelLaunch.IsAside)).True);
        int adam = two.Launches.Index().First(launch => launch.Item.Kernel == "adam").Index;
        Assert.That(Ancestors(two.Launches, adam), Has.Count.EqualTo(adam), "the update follows everything");
        int unwaited = two
            .Launches.Index()
            .Count(launch => launch.Item is { IsAside: false, Kernel: not "adam" } && Follows(launch.Index) < launch.Index);
        Assert.That(unwaited, Is.GreaterThan(gradients.Length), "the main branch goes on meanwhile");

        int Follows(int number) => Ancestors(two.Launches, number).Count;

        LaunchedStep Listed(bool branches) =>
            LaunchedStep.Of(config, ConvolutionPrecision.Bf16, GpuModel.H100.Properties, branches: branches);
    }

    private static HashSet<int> Ancestors(IReadOnlyList<KernelLaunch> launches, int of)
    {
        var found = new HashSet<int>();
        var toSee = new Stack<int>(launches[of].After);
        while (toSee.TryPop(out int next))
        {
            if (!found.Add(next))
                continue;
            foreach (int earlier in launches[next].After)
                toSee.Push(earlier);
        }

        return found;
    }

    [Test]
    public void The_list_of_a_prediction_is_what_the_emulated_GPU_launches([Values("dilated2d", "unet3d")] string network)
    {
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        TrainingConfig config = ConfigLoader.Load(
            sets: [$"network.name={network}", "network.channels=2", "data.size=16", "data.depth=8", "training.batch=2"]
        );
        using Device device = Device.OpenCpu();
        var driver = new WatchedCudaDriver(new EmulatedCudaDriver());
        using (var backend = CudaBackend.Open(device, driver, ConvolutionPrecision.Bf16))
        using (var work = new MadeUpWork(config, backend, prediction: true))
        {
            work.Run();
            Assert.That(work.IsRecorded, Is.False);
            work.Run();
            Assert.That(work.IsRecorded);
        }

        var listed = LaunchedStep.Of(config, ConvolutionPrecision.Bf16, driver.Properties, prediction: true);
        Assert.That(listed.Launches.Select(launch => (launch.Kernel, launch.Geometry)), Is.EqualTo(driver.Replayed));
        Assert.That(listed.Launches[^1].Kernel, Is.EqualTo("max_with_index"));
        Assert.That((listed.Graphs, listed.HostWaits), Is.EqualTo((2, 0)));
    }

    /// <summary>
    /// At full size. Fails when a kernel is new: say in <see cref="KernelWork"/> how many rounds of its loops a launch takes, and
    /// write kernels/costs.md anew.
    /// </summary>
    [Test]
    public void Every_kernel_of_a_step_is_modelled(
        [Values("dilated2d", "unet3d")] string network,
        [ValueSource(nameof(Precisions))] ConvolutionPrecision precision
    )
    {
        var costs = KernelCosts.Read();
        var work = new KernelWork(GpuModel.H100);
        var step = LaunchedStep.Of(ConfigLoader.Load(sets: [$"network.name={network}"]), precision, GpuModel.H100.Properties);
        Assert.Multiple(() =>
        {
            foreach (KernelLaunch launch in step.Launches.DistinctBy(launch => launch.Kernel))
            {
                KernelCost cost = costs.Find(launch.Kernel);
                Assert.That(cost.IsKnown, $"kernels/costs.md has no {launch.Kernel}");
                Assert.That(work.Of(launch, cost), Is.Not.Null, $"no rule for {launch.Kernel}");
            }
        });
    }

    /// <summary>The same places, so that kernels that want 16 bytes at a time are chosen as on a GPU.</summary>
    [Test]
    public void Without_memory_tensors_lie_where_a_GPU_would_put_them()
    {
        using Device device = Device.OpenWithoutMemory();
        foreach (int bytes in new[] { 1, 7, 300 })
            Assert.That((long)device.Pool.Rent(bytes).Pointer % 256, Is.Zero);
    }
}
