using System.Diagnostics;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>
/// Times of a training step or a prediction. FLOPs are those of the convolutions by their formula, without taps in the padding.
/// </summary>
/// <param name="Mode">step or infer.</param>
/// <param name="Network">Such as dilated2d or resnet20.</param>
/// <param name="Channels">F of the first group.</param>
/// <param name="Size">Height and width of the images.</param>
/// <param name="Depth">Slices of a block; null in 2D.</param>
/// <param name="Batch">Samples of each modality; in a prediction, of the one.</param>
/// <param name="Threads">Of the CPU backend.</param>
/// <param name="Backend">What computed.</param>
/// <param name="Iters">Timed runs.</param>
/// <param name="Parameters">Numbers that training changes.</param>
/// <param name="MsMin">The least time.</param>
/// <param name="MsMedian">The middle time.</param>
/// <param name="Gflop">10^9 FLOPs of one run.</param>
/// <param name="PeakRssMb">The process's largest resident set so far, MiB.</param>
/// <param name="PeakTensorMb">The most that tensors held at a time, MiB.</param>
public sealed record StepResult(
    string Mode,
    string Network,
    int Channels,
    int Size,
    int? Depth,
    int Batch,
    int Threads,
    string Backend,
    int Iters,
    long Parameters,
    double MsMin,
    double MsMedian,
    double Gflop,
    double PeakRssMb,
    double PeakTensorMb
)
{
    /// <summary>Width of the CPU backend's vector code; null on other devices.</summary>
    public string? Simd { get; init; }

    /// <summary>Whether the CPU backend kept to direct convolutions.</summary>
    public bool Exact { get; init; }
}

/// <summary>Times whole training steps and predictions.</summary>
public static class StepBenchmark
{
    private const double Mebibyte = 1 << 20;

    /// <param name="config">Network and sizes.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="threads">Said in the result.</param>
    /// <param name="prediction">A prediction instead of a training step.</param>
    /// <param name="measure">Runs the work as often as it is to be timed.</param>
    public static StepResult Run(
        TrainingConfig config,
        Backend backend,
        int threads,
        bool prediction,
        Func<Action, Measurement> measure
    )
    {
        using var work = new MadeUpWork(config, backend, prediction);

        // What is recorded is recorded in the second step.
        work.Run();
        Measurement time = measure(work.Run);
        using Process process = Process.GetCurrentProcess();
        double peakMemory = process.PeakWorkingSet64 / Mebibyte;
        bool isOfImages = config.Method.Task == TrainingTask.Images,
            is3D = !isOfImages && NetworkDefinition.Of(config.Network).IsVolumetric;
        double flops = prediction ? config.Training.Batch * NetworkLayers.SampleFlops(config) : MadeUpWork.StepFlops(config);
        return new StepResult(
            prediction ? "infer" : "step",
            isOfImages
                ? $"{SnakeCase.From(config.Classifier.Name.ToString())}{config.Classifier.Depth}"
                : SnakeCase.From(config.Network.Name.ToString()),
            isOfImages ? config.Classifier.Width : config.Network.Channels,
            config.Data.Size,
            is3D ? config.Data.Depth : null,
            config.Training.Batch,
            threads,
            backend.Description,
            time.Runs,
            work.Parameters,
            time.MinimumMilliseconds,
            time.MedianMilliseconds,
            flops / 1e9,
            peakMemory,
            backend.Device.Pool.PeakLiveBytes / Mebibyte
        );
    }
}
