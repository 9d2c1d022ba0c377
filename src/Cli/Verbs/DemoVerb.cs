using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Bench.Benchmarks;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Experiments;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Progress;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Storage;
using ScoresByRow = System.Collections.Generic.IReadOnlyDictionary<
    string,
    System.Collections.Generic.IReadOnlyDictionary<
        string,
        System.Collections.Generic.IReadOnlyDictionary<string, UnpairedSegEngine.Experiments.RunScores>
    >
>;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb(
    "demo",
    HelpText = "Generate phantoms, train on them and evaluate: a method on built-in data in a few minutes. 'demo' alone is ummkd's; "
        + "'demo kd-net' compares with and without distillation, 'demo uagan' with and without translation."
)]
internal sealed class DemoVerb : DeviceVerb
{
    private const int Size = 96;
    private const string Ummkd = "ummkd";

    // Training and all else stay below six minutes on two slow cores; beyond the most steps little is gained.
    private const double TrainingSeconds = 270;
    private const int FewestSteps = 300,
        MostSteps = 1900,
        StepsTo = 100;

    private static readonly string[] Settings =
    [
        "network.channels=4",
        "network.dropout_keep=1",
        "augmentation.enabled=false",
        $"data.size={Size}",
        "data.foreground_fraction=0.8",
        "optimizer.learning_rate=0.002",
        "optimizer.decay_factor=0.9",
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

    [Value(0, MetaName = "method", Default = Ummkd, HelpText = "ummkd, kd-net, uagan, amtml-kd, mlic-kd-wsd or adain-kd.")]
    public string Method { get; init; } = Ummkd;

    [Option("out", Default = "runs/demo", HelpText = "Folder for the phantoms and the runs; must be new or empty.")]
    public string Out { get; init; } = "";

    [Option("steps", HelpText = "Training steps (ummkd); as many as five minutes allow, at most 1900, if not given.")]
    [AtLeast(1)]
    public int? Steps { get; init; }

    [Option("seed", Default = 1UL, HelpText = "Seed of phantoms and training.")]
    public ulong Seed { get; init; }

    [Option("quick", HelpText = "One seed and few steps: shows that all works, not what a method gains.")]
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
        if (name == Ummkd)
            return RunUmmkd(arguments);
        if (Steps is not null)
            throw new UsageException($"--steps is for 'demo ummkd'; 'demo {name}' has its own, and fewer with --quick");
        Demonstration demonstration =
            method.Demonstration ?? throw new UsageException($"demo '{Method}': nothing is prepared for this method");
        return Compare(method, demonstration);
    }

    /// <summary>Trains the variants of a method and writes their scores side by side.</summary>
    private int Compare(MethodDefinition method, Demonstration demonstration)
    {
        long started = Stopwatch.GetTimestamp();
        using var stop = new StopSignal();
        string data = Path.Combine(Out, "data"),
            folder = Path.Combine(Out, "experiment");
        demonstration.WriteData(data, Seed, stop.Token);
        long[] seeds = [.. Enumerable.Range(0, Quick ? 1 : demonstration.Seeds).Select(i => (long)Seed + i)];
        TrainingConfig config = ConfigLoader.Load(sets: [.. demonstration.Settings, .. Quick ? demonstration.QuickSettings : []]);
        var opened = ExperimentData.Open(data, config.Method.Task);
        var plan = ExperimentPlan.Create(folder, opened, config, demonstration.Variants, seeds, folds: 1, JudgedCases.Test);
        new ExperimentVerb
        {
            GivenDevice = GivenDevice,
            GivenPrecision = GivenPrecision,
            Exact = Exact,
            Out = folder,
            Jobs = 1,
        }.Run([]);
        if (Json is not null)
            WriteJson(Json, method.Name, started, seeds, ExperimentReport.Collect(plan, opened).Scores());
        return ExitCode.Ok;
    }

    /// <param name="path">Of the file.</param>
    /// <param name="method">That was shown.</param>
    /// <param name="started">Timestamp of the beginning.</param>
    /// <param name="seeds">Of the runs.</param>
    /// <param name="scores">By row, modality and organ.</param>
    private static void WriteJson(string path, string method, long started, IReadOnlyList<long> seeds, ScoresByRow scores)
    {
        var content = new
        {
            Method = method,
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
            Seeds = seeds,
            Scores = scores,
        };
        JsonFile.Write(path, content, Format);
    }

    /// <summary>How many steps fit in the time that the demonstration has, by the clock of this machine.</summary>
    private int StepsInTime()
    {
        using OpenedBackend opened = OpenBackend(Environment.ProcessorCount);
        StepResult step = StepBenchmark.Run(
            ConfigLoader.Load(sets: Settings),
            opened.Backend,
            Environment.ProcessorCount,
            prediction: false,
            run => Measurement.Of(seconds: 2, run)
        );
        int fitting = (int)(1e3 * TrainingSeconds / step.MsMedian);
        int steps = Math.Clamp(fitting / StepsTo * StepsTo, FewestSteps, MostSteps);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"a step takes {step.MsMedian:F0} ms here: {steps} steps of at most {MostSteps} (--steps N for others)"
            )
        );
        return steps;
    }

    private int RunUmmkd(string[] arguments)
    {
        long started = Stopwatch.GetTimestamp();
        int steps = Steps ?? (Quick ? FewestSteps : StepsInTime());
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
            // A learning rate that falls over these steps as the paper's does over its own.
            Set =
            [
                .. Settings,
                $"training.steps={steps}",
                $"optimizer.decay_every={Math.Max(1, steps / 20)}",
                $"training.seed={Seed}",
            ],
        }.Run(arguments);
        if (code != ExitCode.Ok)
            return code;
        string evaluation = Path.Combine(Out, "evaluation.json");
        code = new EvaluateVerb
        {
            GivenDevice = GivenDevice,
            GivenPrecision = GivenPrecision,
            Exact = Exact,
            RunPath = run,
            Data = data,
            Split = SplitPart.Test,
            Json = evaluation,
            Last = true,
        }.Run(arguments);
        if (Json is not null)
        {
            var scores = new Dictionary<string, IReadOnlyDictionary<string, IReadOnlyDictionary<string, RunScores>>>
            {
                [Ummkd] = RunScores.Of([EvaluationFiles.ReadJson(evaluation)]),
            };
            WriteJson(Json, Ummkd, started, [(long)Seed], scores);
        }

        return code;
    }
}
