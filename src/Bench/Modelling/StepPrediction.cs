using System.Text.Json;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Bench.Modelling;

/// <summary>Launches that are alike, together.</summary>
/// <param name="Name">Of the kernel.</param>
/// <param name="Sizes">Of the launches; empty where all of a kernel are together.</param>
/// <param name="Launches">How many.</param>
/// <param name="Ms">All of them, with the gaps between them.</param>
/// <param name="Share">Of the step.</param>
/// <param name="Bound">What most of the time is spent on.</param>
public sealed record PredictedRow(string Name, string Sizes, int Launches, double Ms, double Share, string Bound)
{
    /// <summary>What a GPU took for them; null where none was measured.</summary>
    public double? MeasuredMs { get; init; }

    /// <summary>Of measured to predicted.</summary>
    public double? Ratio => MeasuredMs / Ms;
}

/// <summary>The predicted time of a training step on a GPU that is not there.</summary>
public sealed record StepPrediction
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    private readonly IReadOnlyList<PredictedLaunch> launches;
    private readonly IReadOnlyDictionary<string, double> measured;

    private StepPrediction(
        GpuModel gpu,
        KernelCosts costs,
        TrainingConfig config,
        ConvolutionPrecision precision,
        bool isOfPrediction,
        LaunchedStep step,
        IReadOnlyDictionary<string, double> measured
    )
    {
        (Gpu, Costs, Config, Precision, IsOfPrediction, this.measured) = (
            gpu,
            costs,
            config,
            precision,
            isOfPrediction,
            measured
        );
        var times = new KernelTimes(gpu, costs);
        (LaunchTime Time, string Sizes)[] predicted = [.. step.Launches.Select(times.Of)];
        launches =
        [
            .. step.Launches.Zip(
                predicted,
                (launch, of) => new PredictedLaunch(launch.Kernel, of.Sizes, of.Time.Milliseconds, of.Time.Bound)
            ),
        ];
        double copies = gpu.Milliseconds(gpu.MemoryCycles(2.0 * step.Copies)),
            host = ((step.Graphs * gpu.GraphMicroseconds) + (step.HostWaits * gpu.HostWaitMicroseconds)) / 1e3;
        KernelMs = launches.Sum(launch => launch.Ms);
        OverlapMs = KernelMs - BranchSchedule.Milliseconds(step.Launches, [.. predicted.Select(of => of.Time)]);
        (AsideLaunches, PeakBytes) = (step.Launches.Count(launch => launch.IsAside), step.PeakBytes);
        (CopyMs, HostMs) = (copies, host);
        (Graphs, HostWaits) = (step.Graphs, step.HostWaits);
    }

    /// <summary>The GPU.</summary>
    public GpuModel Gpu { get; }

    /// <summary>Of the kernels.</summary>
    public KernelCosts Costs { get; }

    /// <summary>Method, network and sizes.</summary>
    public TrainingConfig Config { get; }

    /// <summary>Of the products.</summary>
    public ConvolutionPrecision Precision { get; }

    /// <summary>Whether it is not a training step but the prediction of one modality's batch.</summary>
    public bool IsOfPrediction { get; }

    /// <summary>All kernels, one after the other, ms.</summary>
    public double KernelMs { get; }

    /// <summary>What it saves that kernels of two branches run at the same time, ms.</summary>
    public double OverlapMs { get; }

    /// <summary>Kernels of the second branch.</summary>
    public int AsideLaunches { get; }

    /// <summary>The most memory that activations, gradients and workspace hold at a time.</summary>
    public long PeakBytes { get; }

    /// <summary>Inputs copied to where kernels read them, ms.</summary>
    public double CopyMs { get; }

    /// <summary>Graphs started, and waits of the host for numbers, ms.</summary>
    public double HostMs { get; }

    /// <summary>Graphs that are started.</summary>
    public int Graphs { get; }

    /// <summary>How often the host waits for numbers.</summary>
    public int HostWaits { get; }

    /// <summary>The whole step, ms.</summary>
    public double StepMs => KernelMs - OverlapMs + CopyMs + HostMs;

    /// <summary>Kernels that are launched.</summary>
    public int Launches => launches.Count;

    /// <summary>By kernel, the longest first.</summary>
    public IReadOnlyList<PredictedRow> Kernels => [.. Rows(launch => (launch.Kernel, "")).Select(WithMeasured)];

    /// <summary>By kernel and sizes, the longest first.</summary>
    public IReadOnlyList<PredictedRow> BySize => [.. Rows(launch => (launch.Kernel, launch.Sizes))];

    /// <summary>By what the kernels are for, the longest first.</summary>
    public IReadOnlyList<PredictedRow> Families => [.. Rows(launch => (FamilyOf(launch.Kernel), ""))];

    /// <summary>Kernels of which only the bytes count, or nothing but the launch.</summary>
    public IReadOnlyList<PredictedRow> NotModelled => [.. Kernels.Where(row => row.Bound == KernelTimes.NotModelled)];

    /// <summary>Measured kernels that the step does not launch.</summary>
    public IEnumerable<string> OnlyMeasured =>
        measured.Keys.Except(launches.Select(launch => launch.Kernel)).Order(StringComparer.Ordinal);

    /// <summary>All kernels of the measured step, ms; null without one.</summary>
    public double? MeasuredKernelMs => measured.Count > 0 ? measured.Values.Sum() : null;

    /// <summary>Predicts a configuration's step.</summary>
    /// <param name="gpu">The GPU.</param>
    /// <param name="costs">Of the kernels.</param>
    /// <param name="config">Method, network and sizes.</param>
    /// <param name="precision">Of the products.</param>
    /// <param name="isOfPrediction">A prediction of one modality's batch instead of a training step.</param>
    /// <param name="branches">Whether gradients of weights have a branch of their own.</param>
    /// <param name="trace">What 'profile --device cuda --trace' measured of the same step, to be set beside; null for
    /// nothing.</param>
    /// <exception cref="InvalidDataException">The trace has no kernels.</exception>
    public static StepPrediction Of(
        GpuModel gpu,
        KernelCosts costs,
        TrainingConfig config,
        ConvolutionPrecision precision,
        bool isOfPrediction = false,
        bool branches = true,
        string? trace = null
    ) =>
        new(
            gpu,
            costs,
            config,
            precision,
            isOfPrediction,
            LaunchedStep.Of(config, precision, gpu.Properties, isOfPrediction, branches),
            trace is null ? new Dictionary<string, double>() : MeasuredKernels.Read(trace)
        );

    /// <summary>Writes all of it, with the assumptions.</summary>
    public void WriteJson(string path) =>
        JsonFile.Write(
            path,
            new
            {
                StepMs,
                Mode = IsOfPrediction ? "infer" : "step",
                Model = Gpu.Name,
                Method = Config.Method.Name.ToString(),
                Network = Config.Network.Name.ToString().ToLowerInvariant(),
                Config.Network.Channels,
                Config.Data.Size,
                Depth = NetworkDefinition.Of(Config.Network).IsVolumetric ? Config.Data.Depth : (int?)null,
                Config.Training.Batch,
                Precision = Precision.ToString().ToLowerInvariant(),
                KernelMs,
                OverlapMs,
                CopyMs,
                HostMs,
                Launches,
                AsideLaunches,
                PeakBytes,
                Graphs,
                HostWaits,
                Families,
                Kernels,
                NotModelled = new
                {
                    Ms = NotModelled.Sum(row => row.Ms),
                    Share = NotModelled.Sum(row => row.Share),
                    Kernels = NotModelled.Select(row => row.Name),
                },
                MeasuredKernelMs,
                OnlyMeasured,
                Costs = Costs.Path,
                Assumptions = Gpu,
            },
            Format
        );

    /// <summary>What a kernel is for.</summary>
    private static string FamilyOf(string kernel) =>
        kernel switch
        {
            _ when kernel.StartsWith("convolution_forward", StringComparison.Ordinal) => "forward",
            _ when kernel.StartsWith("convolution_backward_data", StringComparison.Ordinal) || kernel == "convolution_fold" =>
                "data gradients",
            _ when kernel.StartsWith("convolution_backward_weights", StringComparison.Ordinal)
                    || kernel == "convolution_sum_splits" => "weight gradients",
            _ when kernel.StartsWith("convolution_pack", StringComparison.Ordinal) || kernel is "adam" or "sgd" =>
                "updates and packing",
            _ when kernel.Contains("_combine", StringComparison.Ordinal)
                    || kernel.Contains("_coefficients", StringComparison.Ordinal)
                    || kernel.Contains("_running", StringComparison.Ordinal) => "tiny",
            _ => "elementwise",
        };

    private PredictedRow WithMeasured(PredictedRow row) =>
        measured.TryGetValue(row.Name, out double ms) ? row with { MeasuredMs = ms } : row;

    private IEnumerable<PredictedRow> Rows(Func<PredictedLaunch, (string Name, string Sizes)> key) =>
        launches
            .GroupBy(key)
            .Select(alike => new PredictedRow(
                alike.Key.Name,
                alike.Key.Sizes,
                alike.Count(),
                alike.Sum(launch => launch.Ms),
                alike.Sum(launch => launch.Ms) / StepMs,
                alike.GroupBy(launch => launch.Bound).MaxBy(same => same.Sum(launch => launch.Ms))!.Key
            ))
            .OrderByDescending(row => row.Ms);

    private sealed record PredictedLaunch(string Kernel, string Sizes, double Ms, string Bound);
}
