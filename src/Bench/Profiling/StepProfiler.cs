using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Profiling;
using UnpairedSegEngine.Bench.Benchmarks;
using UnpairedSegEngine.Methods.Configuration;

namespace UnpairedSegEngine.Bench.Profiling;

/// <summary>
/// Runs a configuration's training step, or its network's forward pass, on made-up images and records the operations.
/// </summary>
public static class StepProfiler
{
    /// <param name="config">Network, sizes, scheme and losses.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="threads">Threads that the processor's peaks are measured with, where the backend knows none.</param>
    /// <param name="prediction">A forward pass of one modality's samples instead of a training step.</param>
    public static StepProfile Run(TrainingConfig config, Backend backend, int threads, bool prediction)
    {
        using var profiling = new ProfilingBackend(backend);
        using var work = new MadeUpWork(config, profiling, prediction);

        // The first run loads code and memory; the second too, where it is not recorded. What is timed last is a run of all the
        // same.
        work.Run();
        profiling.Restart();
        work.Run();
        if (!work.IsRecorded)
            profiling.Restart();
        work.Run();
        DevicePeaks peaks = backend.Peaks ?? MeasurePeaks(threads);
        return new StepProfile(profiling.Records, peaks.GFlops, peaks.GBytes) { Kernels = profiling.Kernels };
    }

    private static DevicePeaks MeasurePeaks(int threads)
    {
        using var team = new CpuThreads(threads);
        return new DevicePeaks(ProcessorPeaks.MultiplyAdd(team), ProcessorPeaks.Bandwidth(team));
    }
}
