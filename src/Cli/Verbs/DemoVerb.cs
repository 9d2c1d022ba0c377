using System.Diagnostics;
using System.Text.Json;
using CommandLine;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Experiments;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Progress;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb(
    "demo",
    HelpText = "Generate phantoms, train on them and evaluate: a method on built-in data in a few minutes. 'demo' alone is ummkd's; "
        + "'demo kd-net' compares with and without distillation."
)]
internal sealed class DemoVerb : DeviceVerb
{
    private const int Size = 96;
    private const string Ummkd = "ummkd";

    // A learning rate that falls over the demo's steps as the paper's does over its own.
    private static readonly string[] Settings =
    [
        "network.channels=4",
        "network.dropout_keep=1",
        "augmentation.enabled=false",
        $"data.size={Size}",
        "data.foreground_fraction=0.8",
        "optimizer.learning_rate=0.002",
        "optimizer.decay_factor=0.9",
        "optimizer.decay_every=95",
        "training.batch=4",
        "training.validate_every=400",
        "training.save_every=400",
        "training.log_every=20",
    ];

    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    [Value(0, MetaName = "method", Default = Ummkd, HelpText = "ummkd or kd-net.")]
    public string Method { get; init; } = Ummkd;

    [Option("out", Default = "runs/demo", HelpText = "Folder for the phantoms and the runs; must be new or empty.")]
    public string Out { get; init; } = "";

    [Option("steps", Default = 1900, HelpText = "Training steps (ummkd).")]
    [AtLeast(1)]
    public int Steps { get; init; }

    [Option("seed", Default = 1UL, HelpText = "Seed of phantoms and training.")]
    public ulong Seed { get; init; }

    [Option("quick", HelpText = "One seed and few steps: shows that all works, not what the method gains.")]
    public bool Quick { get; init; }

    [Option("json", HelpText = "Also write method, seconds, seeds and scores by row and modality to this file.")]
    public string? Json { get; init; }

    public override int Run(string[] arguments)
    {
        string name = Method.Replace('_', '-');
        if (!MethodDefinition.All.TryGetValue(name, out MethodDefinition? method))
            throw new UsageException(
                $"demo '{Method}': no such method; there are {string.Join(", ", MethodDefinition.All.Keys)}"
            );
        ResultFiles.Check(overwrite: true, ("--json", Json));
        if (name == Ummkd && !Quick && Json is null)
            return RunUmmkd(arguments);
        if (name == Ummkd)
            throw new UsageException("--quick and --json are for the demonstrations of other methods, such as 'demo kd-net'");
        Demonstration demonstration =
            method.Demonstration ?? throw new UsageException($"demo '{Method}': nothing is prepared for this method");
        return Compare(name, demonstration);
    }

    /// <summary>Trains the variants of a method and writes their scores side by side.</summary>
    private int Compare(string name, Demonstration demonstration)
    {
        long started = Stopwatch.GetTimestamp();
        using var stop = new StopSignal();
        string data = Path.Combine(Out, "phantoms"),
            folder = Path.Combine(Out, "experiment");
        PhantomDataset.Write(data, demonstration.Phantoms with { Seed = Seed }, null, stop.Token);
        long[] seeds = [.. Enumerable.Range(0, Quick ? 1 : demonstration.Seeds).Select(i => (long)Seed + i)];
        SegmentationDataset dataset = SegmentationDataset.Open(data);
        var plan = ExperimentPlan.Create(
            folder,
            dataset,
            ConfigLoader.Load(sets: [.. demonstration.Settings, .. Quick ? demonstration.QuickSettings : []]),
            demonstration.Variants,
            seeds,
            folds: 1,
            JudgedCases.Test
        );
        new ExperimentVerb
        {
            GivenDevice = GivenDevice,
            GivenPrecision = GivenPrecision,
            Exact = Exact,
            Out = folder,
            Jobs = 1,
        }.Run([]);
        if (Json is not null)
            Write(name, ExperimentReport.Collect(plan, dataset), seeds, Stopwatch.GetElapsedTime(started).TotalSeconds);
        return ExitCode.Ok;
    }

    private void Write(string name, ExperimentReport report, long[] seeds, double seconds)
    {
        var content = new
        {
            Method = name,
            Seconds = seconds,
            Seeds = seeds,
            Scores = report.Scores(),
        };
        AtomicFile.Write(Json!, stream => JsonSerializer.Serialize(stream, content, Format));
    }

    private int RunUmmkd(string[] arguments)
    {
        string data = Path.Combine(Out, "phantoms"),
            run = Path.Combine(Out, "run");
        new PhantomVerb
        {
            Out = data,
            Train = 40,
            Val = 2,
            Test = 4,
            Size = Size,
            Slices = 20,
            Seed = Seed,
        }.Run(arguments);
        int code = new TrainVerb
        {
            GivenDevice = GivenDevice,
            GivenPrecision = GivenPrecision,
            Exact = Exact,
            Data = data,
            Out = run,
            Set = [.. Settings, $"training.steps={Steps}", $"training.seed={Seed}"],
        }.Run(arguments);
        return code != ExitCode.Ok
            ? code
            : new EvaluateVerb
            {
                GivenDevice = GivenDevice,
                GivenPrecision = GivenPrecision,
                Exact = Exact,
                RunPath = run,
                Data = data,
                Split = SplitPart.Test,
                Json = Path.Combine(Out, "evaluation.json"),
                Last = true,
            }.Run(arguments);
    }
}
