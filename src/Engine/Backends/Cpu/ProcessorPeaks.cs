using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>What a team of threads can do at most on this machine, measured: what speeds are held against.</summary>
public static unsafe class ProcessorPeaks
{
    private const int Steps = 4096;
    private const int Repeats = 64;
    private const int BandwidthElements = 8 << 20;

    /// <summary>
    /// GFLOP/s of float32 multiply-adds in a register tile whose operands never leave the first-level cache; the best of several
    /// short runs.
    /// </summary>
    public static double MultiplyAdd(CpuThreads threads)
    {
        SimdLevel level = SimdLevels.Best;
        int vectors = 2,
            rows = MicroKernelCache.MaximumAccumulators(level) / vectors;
        int lanes = level.VectorBytes() / sizeof(float);
        MicroKernel kernel = MicroKernelCache.Get(
            new MicroKernelShape(typeof(float), level.VectorBytes(), rows, vectors, 1, 0, 0, vectors * lanes)
        );
        double best = Best(
            20,
            () =>
                threads.Run(
                    threads.Count,
                    (_, _) =>
                    {
                        float* operands = stackalloc float[1024];
                        new Span<float>(operands, 1024).Clear();
                        Segment segment = default;
                        for (int i = 0; i < Repeats; i++)
                            kernel((byte*)operands, (byte*)(operands + 64), (byte*)(operands + 256), &segment, 1, Steps, 0);
                    }
                )
        );
        return 2.0 * Steps * Repeats * rows * vectors * lanes * threads.Count / best / 1e9;
    }

    /// <summary>GB/s of y = x + y over arrays beyond the caches: two reads and a write per element.</summary>
    public static double Bandwidth(CpuThreads threads)
    {
        long count = (long)BandwidthElements * threads.Count;
        float* x = (float*)NativeMemory.AlignedAlloc((nuint)(count * sizeof(float)), 64),
            y = (float*)NativeMemory.AlignedAlloc((nuint)(count * sizeof(float)), 64);
        try
        {
            void Pass() =>
                threads.Run(
                    threads.Count,
                    (share, _) =>
                    {
                        long end = (share + 1L) * BandwidthElements;
                        for (long i = (long)share * BandwidthElements; i < end; i += Vector<float>.Count)
                            (Vector.Load(x + i) + Vector.Load(y + i)).Store(y + i);
                    }
                );
            threads.Run(
                threads.Count,
                (share, _) =>
                {
                    new Span<float>(x + ((long)share * BandwidthElements), BandwidthElements).Clear();
                    new Span<float>(y + ((long)share * BandwidthElements), BandwidthElements).Clear();
                }
            );
            return 3.0 * count * sizeof(float) / Best(8, Pass) / 1e9;
        }
        finally
        {
            NativeMemory.AlignedFree(x);
            NativeMemory.AlignedFree(y);
        }
    }

    private static double Best(int runs, Action run)
    {
        double best = double.MaxValue;
        for (int i = 0; i < runs; i++)
        {
            long started = Stopwatch.GetTimestamp();
            run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        return best;
    }
}
