using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Profiling;

namespace UnpairedSegEngine.Backends.Cuda.Profiling;

/// <summary>
/// Peaks of a GPU from its highest clocks, its multiprocessors and its memory's width. Data sheets calculate with somewhat lower
/// clocks.
/// </summary>
internal static class CudaPeaks
{
    /// <summary>The peaks for convolutions in some precision; null for a GPU that does not tell its clocks.</summary>
    public static DevicePeaks? Of(CudaDeviceProperties device, ConvolutionPrecision precision)
    {
        if (device.ClockKilohertz == 0 || device.MemoryClockKilohertz == 0)
            return null;
        double perCycle = precision switch
        {
            ConvolutionPrecision.Bf16 => TensorFlops(device.Capability),
            ConvolutionPrecision.Bf16x3 => TensorFlops(device.Capability) / 3,
            ConvolutionPrecision.Bf16x6 => TensorFlops(device.Capability) / 6,
            ConvolutionPrecision.Fp32 => 2 * SingleLanes(device.Capability),
            _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, "unknown precision"),
        };
        const int TransfersPerCycle = 2,
            BitsPerByte = 8;
        return new DevicePeaks(
            perCycle * device.Multiprocessors * device.ClockKilohertz / 1e6,
            (double)TransfersPerCycle * device.MemoryClockKilohertz * device.MemoryBits / BitsPerByte / 1e6
        );
    }

    /// <summary>float32 units of a multiprocessor. CUDA C++ programming guide, arithmetic instructions.</summary>
    private static double SingleLanes(int capability) => capability is 60 or 70 or 75 or 80 ? 64 : 128;

    /// <summary>
    /// Dense bfloat16 operations per cycle of a multiprocessor's tensor cores: A100 312 TFLOP/s, RTX 30 and 40 half of that per
    /// multiprocessor, H100 and later 989.
    /// </summary>
    private static double TensorFlops(int capability) =>
        capability switch
        {
            >= 100 and < 120 => 8192,
            >= 90 and < 100 => 4096,
            80 or 87 => 2048,
            _ => 1024,
        };
}
