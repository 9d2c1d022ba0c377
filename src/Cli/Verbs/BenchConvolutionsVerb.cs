using System.Diagnostics;
using System.Globalization;
using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Bench.Benchmarks.Convolutions;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb(
    "bench-convolutions",
    HelpText = "Check and time single convolutions with cold caches, in the form that bench/cuda times cuDNN."
)]
internal sealed class BenchConvolutionsVerb : DeviceVerb
{
    [Option(
        "problems",
        HelpText = "File of lines 'name, count, problem' with tabs between them (bench/peers/pytorch_step.py --problems)."
    )]
    public string? Problems { get; init; }

    [Option("problem", HelpText = "One problem, as in the repro lines.")]
    public string? Problem { get; init; }

    [Option("pass", HelpText = "Only this pass: forward, data or weights.")]
    public ConvolutionPass? Pass { get; init; }

    [Option("runs", Default = 20, HelpText = "Timed runs.")]
    public int Runs { get; init; }

    [Option("seconds", Default = 420, HelpText = "Start nothing new after this time.")]
    public int Seconds { get; init; }

    [Option("flush-mb", Default = 256, HelpText = "Megabytes written before each run, so that caches are cold.")]
    public int FlushMegabytes { get; init; }

    [Option("threads", Default = 0, HelpText = "Threads on --device cpu; 0 for all cores.")]
    public int Threads { get; init; }

    [Option("once", HelpText = "A single unchecked run of one problem and pass, for a profiler.")]
    public bool Once { get; init; }

    [Option("json", HelpText = "Also write the results to this file: a line of JSON per layer and pass, as each is measured.")]
    public string? Json { get; init; }

    [Option("overwrite", HelpText = ResultFiles.OverwriteHelp)]
    public bool Overwrite { get; init; }

    public override int Run(string[] arguments)
    {
        if ((Problems is null) == (Problem is null))
            throw new UsageException("give --problems FILE or --problem TEXT");
        RequireTimedOperations();
        ResultFiles.Check(Overwrite, ("--json", Json));
        if (Runs < 1 || FlushMegabytes is < 1 or > 1024)
            throw new UsageException($"--runs {Runs} must be at least 1 and --flush-mb {FlushMegabytes} between 1 and 1024");
        ConvolutionPass[] passes = Pass is { } only ? [only] : Enum.GetValues<ConvolutionPass>();
        IReadOnlyList<(string Layer, int Count, ConvolutionProblem Problem)> layers = Problems is null
            ? [("problem", 1, ConvolutionText.Parse(Problem!))]
            : ConvolutionText.ReadFile(Problems);
        if (Once && (layers.Count != 1 || passes.Length != 1))
            throw new UsageException("--once needs one --problem and one --pass");

        using OpenedBackend opened = OpenBackend(Threads);
        using var bench = new ConvolutionBench(opened.Backend, DeviceName, Precision, Runs, FlushMegabytes);
        if (Once)
        {
            bench.RunOnce(layers[0].Problem, passes[0]);
            return ExitCode.Ok;
        }

        using ConvolutionReport? report = Json is null ? null : new ConvolutionReport(Json, opened.Backend.Description);
        bool any = false;
        foreach (ConvolutionResult result in Measure(bench, layers, passes))
        {
            report?.Add(result);
            any |= result.MsMedian is not null;
        }

        return any ? ExitCode.Ok : ExitCode.NumericFailure;
    }

    private IEnumerable<ConvolutionResult> Measure(
        ConvolutionBench bench,
        IReadOnlyList<(string Layer, int Count, ConvolutionProblem Problem)> layers,
        ConvolutionPass[] passes
    )
    {
        long begun = Stopwatch.GetTimestamp();
        foreach ((string layer, int count, ConvolutionProblem problem) in layers)
        {
            IEnumerable<ConvolutionResult> results =
                Stopwatch.GetElapsedTime(begun).TotalSeconds < Seconds
                    ? bench.Measure(layer, count, problem, passes)
                    : passes.Select(pass =>
                        bench.NotRun(layer, count, problem, pass, $"out of time after {Seconds} s (--seconds)")
                    );
            foreach (ConvolutionResult result in results)
            {
                Console.WriteLine(
                    result.NotRun is { } reason
                        ? $"{result.Layer, -20} {result.Pass, -15} {result.Precision} not run: {reason}"
                        : string.Create(
                            CultureInfo.InvariantCulture,
                            $"{result.Layer, -20} {result.Pass, -15} {result.Precision} {result.MsMedian, 9:F4} ms (min "
                                + $"{result.MsMin:F4}, noise {result.NoisePercent:F1} %) {result.Gflops, 8:F0} GFLOP/s, error "
                                + $"{result.RelativeError:E1}"
                        )
                );
                yield return result;
            }
        }
    }
}
