using System.Globalization;
using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Bench.Benchmarks;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>What to time.</summary>
internal enum BenchSubject
{
    /// <summary>Each convolution of a network, all passes.</summary>
    Layers,

    /// <summary>Single convolutions, on any device.</summary>
    Convolutions,

    /// <summary>Whole training steps.</summary>
    Step,

    /// <summary>Predictions.</summary>
    Infer,

    /// <summary>Batches as training draws and varies them.</summary>
    Batches,

    /// <summary>Multiply-adds and memory.</summary>
    Peaks,
}

[Verb(
    "bench",
    HelpText = "Time the convolutions of a network, single ones, whole training steps, predictions, the preparation of batches, or "
        + "what the processor can do at most: 'bench layers --network unet3d --threads 1', 'bench step --threads 2 --json step.json'."
)]
internal sealed partial class BenchVerb : DeviceVerb
{
    [Value(0, MetaName = "subject", Required = true, HelpText = "layers, convolutions, step, infer, batches or peaks.")]
    public BenchSubject Subject { get; init; }

    [Option(
        "network",
        Default = "dilated2d",
        HelpText = "Network: dilated2d, unet3d, or another method's, with --set method.name=...; a classifier is set by "
            + "classifier.* alone"
    )]
    public string Network { get; init; } = "";

    [Option("channels", Default = 16, HelpText = "Channels F of the first group.")]
    public int Channels { get; init; }

    [Option("size", HelpText = "Height and width of the images; 256 in 2D, 128 in 3D and 32 of classifiers if not given.")]
    public int? Size { get; init; }

    [Option("depth", Default = 8, HelpText = "Slices of a 3D block.")]
    public int Depth { get; init; }

    [Option("batch", Default = 1, HelpText = "Samples of each modality: 1 is a step of 1 + 1, and a prediction of 1.")]
    public int Batch { get; init; }

    [Option("set", HelpText = "Other settings (docs/configuration.md): key.path=value ...")]
    public IEnumerable<string> Set { get; init; } = [];

    [AtLeast(0)]
    [Option("threads", Default = 0, HelpText = "Threads; 0 for all cores.")]
    public int Threads { get; init; }

    [AtLeast(1)]
    [Option("iters", HelpText = "Timed runs; as many as --seconds allows if not given.")]
    public int? Iters { get; init; }

    [Option(
        "seconds",
        HelpText = "Time to spend, 5 if not given; with layers, a tenth of it on each layer and pass; with convolutions, 420, after "
            + "which nothing new is started."
    )]
    public double? Seconds { get; init; }

    [Option("filter", Default = "", HelpText = "With layers: only those whose name contains this.")]
    public string Filter { get; init; } = "";

    [Option("data", HelpText = "With batches: dataset folder; phantoms of --size if not given.")]
    public string? Data { get; init; }

    [Option(
        "json",
        HelpText = "Also write the results to this JSON file; with convolutions, a line of JSON as each is measured."
    )]
    public string? Json { get; init; }

    [Option("csv", HelpText = "With layers: also write them to this CSV file.")]
    public string? Csv { get; init; }

    [Option("markdown", HelpText = "With layers: also write a table to this Markdown file.")]
    public string? Markdown { get; init; }

    [Option("overwrite", HelpText = ResultFiles.OverwriteHelp)]
    public bool Overwrite { get; init; }

    public override int Run(string[] arguments)
    {
        if (!(TimeToSpend > 0))
            throw new UsageException(FormattableString.Invariant($"--seconds is {Seconds}, expected a number above 0"));
        ResultFiles.Check(Overwrite, ("--json", Json), ("--csv", Csv), ("--markdown", Markdown));
        if (Subject != BenchSubject.Layers && (Csv ?? Markdown) is not null)
            throw new UsageException(
                $"--csv and --markdown are for 'bench layers'; 'bench {Subject.ToString().ToLowerInvariant()}' has --json"
            );
        int threads = Threads == 0 ? Environment.ProcessorCount : Threads;
        switch (Subject)
        {
            case BenchSubject.Peaks:
                RequireCpu("peaks are measured");
                WritePeaks(threads);
                break;
            case BenchSubject.Layers:
                RunLayers(threads);
                break;
            case BenchSubject.Convolutions:
                return RunConvolutions() ? ExitCode.Ok : ExitCode.NumericFailure;
            case BenchSubject.Batches:
                RequireCpu("batches are prepared");
                RunBatches(threads);
                break;
            case BenchSubject.Step or BenchSubject.Infer:
                RunStep(threads);
                break;
            default:
                throw new InvalidOperationException($"nothing to measure of {Subject}");
        }

        return ExitCode.Ok;
    }

    private double TimeToSpend => Seconds ?? (Subject == BenchSubject.Convolutions ? 420 : 5);

    private static string Simd => SimdLevels.Best.ToString().ToLowerInvariant();

    private void WritePeaks(int most)
    {
        var peaks = new List<PeakResult>();
        for (int threads = 1; threads <= most; threads++)
        {
            using var team = new CpuThreads(threads);
            var peak = new PeakResult(threads, Simd, ProcessorPeaks.MultiplyAdd(team), ProcessorPeaks.Bandwidth(team));
            peaks.Add(peak);
            Print(
                $"{threads} threads: {peak.Gflops:F0} GFLOP/s of float32 multiply-adds ({peak.Simd}), {peak.Gbs:F1} GB/s "
                    + "of memory"
            );
        }

        if (Json is not null)
            BenchmarkFiles.WriteJson(Json, peaks);
    }

    private TrainingConfig Config()
    {
        TrainingConfig asked = ConfigLoader.Load(sets: Set);
        if (asked.Method.Task == TrainingTask.Images)
            return ConfigOfImages(asked);
        int size = Size ?? (Network == "unet3d" ? 128 : 256);
        return ConfigLoader.Load(
            sets: Set,
            flags:
            [
                new("network.name", Network, "--network"),
                Flag("network.channels", Channels, "--channels"),
                Flag("data.size", size, "--size"),
                Flag("data.depth", Depth, "--depth"),
                Flag("training.batch", Batch, "--batch"),
            ]
        );
    }

    /// <summary>Images have no key for their size: it comes with a dataset, and here with --size.</summary>
    private TrainingConfig ConfigOfImages(TrainingConfig asked)
    {
        if (Subject != BenchSubject.Step)
            throw new UsageException(
                $"--set method.name={asked.Method.Name}: of methods on images only training steps are timed, by 'bench step'"
            );
        return ConfigLoader.Load(sets: Set, flags: [Flag("training.batch", Batch, "--batch")]) with
        {
            Data = new DataConfig { Size = Size ?? 32 },
        };
    }

    private void RunLayers(int threads)
    {
        RequireCpu("layers are timed");
        TrainingConfig config = Config();
        IReadOnlyList<NetworkLayer> all = NetworkLayers.Of(config);
        NetworkLayer[] layers = [.. all.Where(layer => layer.Name.Contains(Filter, StringComparison.Ordinal))];
        if (layers.Length == 0)
            throw new UsageException($"--filter '{Filter}': no layer of {Network} has it in its name, such as '{all[0].Name}'");
        using OpenedBackend opened = OpenBackend(threads);
        using var team = new CpuThreads(threads);
        var benchmark = new LayerBenchmark(opened.Backend, team, TimeToSpend / 10);
        var results = new List<LayerResult>();
        Print(
            $"{opened.Backend.Description}; FLOPs by formula without taps in the padding, % of the multiply-add peak "
                + "measured beside each layer"
        );
        foreach (NetworkLayer layer in layers)
        {
            string repro = string.Create(
                CultureInfo.InvariantCulture,
                $"unpairedseg bench layers --network {Network} --channels {Channels} --size {config.Data.Size} --depth "
                    + $"{Depth} --batch {Batch} --threads {threads}{(Exact ? " --exact" : "")} --filter '{layer.Name}'"
            );
            foreach (LayerResult r in benchmark.Measure(layer))
            {
                results.Add(r with { Repro = repro });
                Print(
                    $"{r.Layer, -48} {r.Pass, -16} {r.MsMin, 9:F3} ms (median {r.MsMedian, 9:F3}) {r.Gflops, 7:F1} "
                        + $"GFLOP/s {r.Gbs, 6:F1} GB/s {r.PercentOfPeak, 5:F0} % of peak; bound {r.BoundMs, 8:F3} ms by "
                        + $"{r.Bound}"
                );
            }
        }

        if (layers.Length > 1)
            Print($"the last one again: {results[^1].Repro}");
        if (Json is not null)
            BenchmarkFiles.WriteJson(Json, config, threads, opened.Backend.Description, results);
        if (Csv is not null)
            BenchmarkFiles.WriteCsv(Csv, results);
        if (Markdown is not null)
            BenchmarkFiles.WriteMarkdown(Markdown, results);
    }

    private void RequireCpu(string what)
    {
        if (DeviceName != "cpu")
            throw new UsageException(
                $"--device {DeviceName}: {what} on the cpu; see 'bench convolutions', 'bench step' and 'profile' for "
                    + "other devices"
            );
    }

    private void RunStep(int threads)
    {
        TrainingConfig config = Config();
        using OpenedBackend opened = OpenBackend(threads);
        StepResult r = StepBenchmark.Run(
            config,
            opened.Backend,
            threads,
            Subject == BenchSubject.Infer,
            run => Iters is { } times ? Measurement.Times(times, run) : Measurement.Of(TimeToSpend, run)
        ) with
        {
            Exact = Exact,
            Simd = opened.Backend is CpuBackend ? Simd : null,
        };
        bool isOfBoth = r.Mode == "step" && config.Method.Task == TrainingTask.Volumes;
        string batch = isOfBoth ? $"{r.Batch}+{r.Batch}" : r.Batch.ToString(CultureInfo.InvariantCulture),
            depth = r.Depth is { } slices ? $"x{slices}" : "";
        Print(
            $"{r.Network} {r.Mode} F={r.Channels} {r.Size}x{r.Size}{depth} batch {batch}, {r.Backend}: min {r.MsMin:F1} "
                + $"ms, median {r.MsMedian:F1} ms of {r.Iters}; {r.Gflop:F0} GFLOP, {1e3 * r.Gflop / r.MsMin:F0} GFLOP/s; peak "
                + $"memory {r.PeakRssMb:F0} MiB (tensors {r.PeakTensorMb:F0} MiB)"
        );
        if (Json is not null)
            BenchmarkFiles.WriteJson(Json, r);
    }

    private void RunBatches(int most)
    {
        TrainingConfig config = Config();
        ISampleSource source = BatchBenchmark.Open(config, Data, most);
        var results = new List<BatchResult>();
        for (int threads = 1; threads <= most; threads++)
        {
            BatchResult r = BatchBenchmark.Run(source, config.Training.Batch, threads, TimeToSpend);
            results.Add(r);
            Print(
                $"{threads} threads: {r.Samples} samples of {r.Sample} every {r.MsPerBatch:F1} ms, {r.ProcessorMsPerSample:F2} ms of "
                    + $"a core for each; {r.Batches} batches"
            );
        }

        if (Json is not null)
            BenchmarkFiles.WriteJson(Json, results);
    }

    private static ConfigSetting Flag(string path, int value, string option) =>
        new(path, value.ToString(CultureInfo.InvariantCulture), option);

    private static void Print(string line) => Console.WriteLine(line);
}
