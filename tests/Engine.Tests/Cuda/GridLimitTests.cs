using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>A GPU takes no grid of more than 65,535 blocks along y; the emulated one would.</summary>
internal sealed class GridLimitTests
{
    [TestCase(5_000_001, 2)]
    [TestCase(40_000_000, 8)]
    public void Copies_of_many_channels_take_several_grids(int count, int yStart)
    {
        using Device device = Device.OpenWithoutMemory();
        var driver = new ListingCudaDriver(new CudaDeviceProperties("listed", 90, 132, 232_448));
        using var backend = CudaBackend.Open(device, driver, ConvolutionPrecision.Fp32);
        using Tensor x = Tensor.Allocate(device, new Shape(2, count), DType.Float32),
            y = Tensor.Allocate(device, new Shape(2, count + yStart), DType.Float32);
        backend.CopyChannels(x, 0, y, yStart, count);
        int next = 0;
        foreach (KernelLaunch launch in driver.Launches)
        {
            var parameters = (CudaSingles.CopyChannelsParameters)launch.Parameters;
            Assert.That(launch.Geometry.GridY, Is.InRange(1, 65_535));
            Assert.That((parameters.XStart, parameters.YStart), Is.EqualTo((next, next + yStart)));
            next += parameters.Sweep.Channels;
        }

        Assert.That(next, Is.EqualTo(count));
        Assert.That(driver.Launches, Has.Count.GreaterThan(1));
    }
}
