using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Ilgpu;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Backends.Cuda;

/// <summary>
/// NVIDIA GPUs: the portable ILGPU backend with its float32 operations replaced by the hand-written kernels of kernels/. Also runs on the emulated driver.
/// </summary>
public sealed class CudaBackend : IlgpuBackend
{
    private readonly ICudaDriver driver;

    private CudaBackend(Device device, ICudaDriver driver, CudaSingles singles)
        : base(device, singles)
        => this.driver = driver;

    public override string Description => $"{driver.Properties.Name} ({driver.Description}), {Singles.Description}";

    /// <summary>The emulated GPU, on a device in host memory.</summary>
    /// <exception cref="CudaException">The emulated kernels were not built.</exception>
    public static CudaBackend OpenEmulated(Device device, ConvolutionPrecision precision = ConvolutionPrecision.Fp32)
    {
        var driver = new EmulatedCudaDriver();
        return new CudaBackend(device, driver, new CudaSingles(device, new KernelLibrary(driver, _ => [], stream: 0), precision));
    }

    public override void Dispose()
    {
        base.Dispose();
        driver.Dispose();
    }
}
