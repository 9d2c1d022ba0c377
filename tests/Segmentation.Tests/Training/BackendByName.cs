using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Ilgpu;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>
/// Opens "ilgpu", "cpu Fp32", "cpu Bf16", "cuda emulated PRECISION" or "gpu PRECISION"; ignores the test, with the reason, where
/// that cannot be opened.
/// </summary>
internal static class BackendByName
{
    public static Backend Open(string name, bool records = true)
    {
        if (name == "ilgpu")
            return new IlgpuBackend(Device.OpenCpu());
        ConvolutionPrecision precision = Enum.Parse<ConvolutionPrecision>(name.Split(' ')[^1]);
        if (name.StartsWith("cpu", StringComparison.Ordinal))
            return new CpuBackend(Device.OpenCpu(), threads: 1, exact: true, bfloat16: precision == ConvolutionPrecision.Bf16);
        if (name.StartsWith("gpu", StringComparison.Ordinal))
            return OpenGpu(precision, records);
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        return CudaBackend.OpenEmulated(Device.OpenCpu(), precision, records);
    }

    private static CudaBackend OpenGpu(ConvolutionPrecision precision, bool records)
    {
        try
        {
            return CudaBackend.Open(0, precision, records);
        }
        catch (CudaException exception)
        {
            Assert.Ignore(exception.Message);
            throw;
        }
    }
}
