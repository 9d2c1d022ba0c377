using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Bench.Benchmarks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Configuration;

namespace UnpairedSegEngine.Bench.Modelling;

/// <summary>What a training step, or a prediction, gives to a GPU when it is replayed from its recording.</summary>
/// <param name="Launches">Kernels, in order.</param>
/// <param name="Copies">Bytes that are copied on the stream of the kernels: the inputs from where they arrived.</param>
/// <param name="Graphs">Graphs that are started.</param>
/// <param name="HostWaits">How often the host waits for numbers before it starts the next part.</param>
/// <param name="PeakBytes">The most memory that the recorded work holds at a time.</param>
internal sealed record LaunchedStep(IReadOnlyList<KernelLaunch> Launches, long Copies, int Graphs, int HostWaits, long PeakBytes)
{
    /// <summary>
    /// Lists a configuration's step, or its prediction of one modality's batch.
    /// Plans, splits, packing and scratch are those of the CUDA backend on a GPU with these
    /// properties; nothing is computed, and there is no memory.
    /// </summary>
    /// <exception cref="NotSupportedException">The step cannot be recorded.</exception>
    public static LaunchedStep Of(
        TrainingConfig config,
        ConvolutionPrecision precision,
        CudaDeviceProperties gpu,
        bool prediction = false,
        bool branches = true
    )
    {
        using Device device = Device.OpenWithoutMemory();
        var driver = new ListingCudaDriver(gpu);
        using var backend = CudaBackend.Open(device, driver, precision, branches: branches);
        using var work = new MadeUpWork(config, backend, prediction);
        (int waits, long peak) = (0, 0L);
        if (prediction)
            work.ReplayPrediction(beforeReplay: driver.Restart);
        else
            (waits, peak) = work.ReplayWithoutDecisions(beforeReplay: driver.Restart);
        return new LaunchedStep(
            driver.Launches,
            driver.Copies.Where(copy => copy.Stream == 0).Sum(copy => copy.Bytes),
            driver.Graphs,
            waits,
            peak
        );
    }
}
