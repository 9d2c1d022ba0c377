using System.Collections.Concurrent;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>Compiled micro-kernels of this process. One takes about 2 ms to compile; a network needs a few dozen.</summary>
internal static class MicroKernelCache
{
    private static readonly ConcurrentDictionary<MicroKernelShape, MicroKernel> Kernels = new();

    public static MicroKernel Get(MicroKernelShape shape) => Kernels.GetOrAdd(shape, MicroKernelEmitter.Compile);

    /// <summary>Accumulators that fit the registers beside a broadcast element and the columns.</summary>
    public static int MaximumAccumulators(SimdLevel level) => level == SimdLevel.Avx512 ? 28 : 12;

    /// <summary>Vector registers.</summary>
    public static int Registers(SimdLevel level) => level == SimdLevel.Avx512 ? 32 : 16;
}
