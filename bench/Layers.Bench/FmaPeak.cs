using System.Diagnostics;
using UnpairedSegEngine.Backends.Cpu;

namespace UnpairedSegEngine.Bench;

/// <summary>The float32 multiply-add peak: a register tile whose operands never leave the first-level cache.</summary>
internal static unsafe class FmaPeak
{
    private const int Steps = 4096;
    private const int Repeats = 64;

    /// <summary>GFLOP/s of one team of threads, the best of several short runs.</summary>
    public static double Measure(CpuThreads threads)
    {
        SimdLevel level = SimdLevels.Best;
        int vectors = 2, rows = MicroKernelCache.MaximumAccumulators(level) / vectors;
        int lanes = level.VectorBytes() / sizeof(float);
        MicroKernel kernel = MicroKernelCache.Get(new MicroKernelShape(typeof(float), level.VectorBytes(), rows, vectors, 1, 0, 0, vectors * lanes));
        double best = double.MaxValue;
        for (int run = 0; run < 20; run++)
        {
            long started = Stopwatch.GetTimestamp();
            threads.Run(threads.Count, (_, _) =>
            {
                float* operands = stackalloc float[1024];
                new Span<float>(operands, 1024).Clear();
                Segment segment = default;
                for (int i = 0; i < Repeats; i++)
                    kernel((byte*)operands, (byte*)(operands + 64), (byte*)(operands + 256), &segment, 1, Steps, 0);
            });
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        return 2.0 * Steps * Repeats * rows * vectors * lanes * threads.Count / best / 1e9;
    }
}
