using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

[NonParallelizable]
internal sealed class KernelLibraryTests
{
    private const string File = "segmentation_loss/segmentation_loss",
        Kernel = "segmentation_loss_sums";

    /// <summary>A driver allows 48 KB unless it is asked, and what it is asked for is asked of each kernel.</summary>
    [Test]
    public void Every_larger_request_for_shared_memory_is_allowed()
    {
        using KernelLibrary kernels = Open();
        foreach (int bytes in new[] { 3_000, 48 * 1024, 60_000, 50_000, 71_680, 71_680 })
            Launch(kernels, Kernel, bytes);
        Launch(kernels, "another", 60_000);
        Assert.That(
            FakeCuda.Journal().Where(line => line.StartsWith("allow", StringComparison.Ordinal)),
            Is.EqualTo(new[] { $"allow {Kernel} 60000", $"allow {Kernel} 71680", "allow another 60000" })
        );
    }

    [Test]
    public void More_than_the_device_has_is_one_line()
    {
        using KernelLibrary kernels = Open();
        Assert.That(
            () => Launch(kernels, Kernel, 300_000),
            Throws
                .TypeOf<CudaException>()
                .With.Message.EqualTo(
                    $"kernel {Kernel} needs 300000 bytes of shared memory, but Fake GPU 0 has 232448 for a block"
                )
        );
    }

    private static KernelLibrary Open() => new(FakeCuda.OpenDriver(), _ => [0x7F, (byte)'E', (byte)'L', (byte)'F'], stream: 0);

    private static void Launch(KernelLibrary kernels, string kernel, int sharedBytes) =>
        kernels.Launch(File, kernel, new LaunchGeometry(1, 1, 1, 32, sharedBytes), 0L);
}
