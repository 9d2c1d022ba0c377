using System.Diagnostics;
using System.Globalization;
using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Bench.Benchmarks.Convolutions;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>
/// 'bench convolutions': single convolutions, checked and timed with cold caches, in the form that bench/cuda times cuDNN.
/// </summary>
internal sealed partial class BenchVerb
{
    [Option(
        "problems",
        HelpText = "With convolutions: file of lines 'name, count, problem' with tabs between them (bench/peers/pytorch_step.py "
            + "--problems)."
    )]
    public string? Problems { get; init; }

    [Option("problem", HelpText = "With convolutions: one problem, as in the repro lines.")]
    public string? Problem { get; init; }

    [Option("pass", HelpText = "With convolutions: only this pass: forward, data or weights.")]
    public ConvolutionPass? Pass { get; init; }

    [Option(
        "fused",
        HelpText = "With convolutions: each also as the networks use it, with an input that is normalized while it is read and "
            + "statistics of the output."
    )]
    public bool Fused { get; init; }

    [AtLeast(1)]
    [Option("runs", Default = 20, HelpText = "With convolutions: timed runs.")]
    public int Runs { get; init; }

    [Option(
        "flush-mb",
        Default = 256,
        HelpText = "With convolutions: megabytes written before each run, so that caches are cold."
    )]
    public int FlushMegabytes { get; init; }

    [Option("once", HelpText = "With convolutions: a single unchecked run of one problem and pass, for a profiler.")]
    public bool Once { get; init; }

    /// <returns>Whether anything could be timed.</returns>
    private bool RunConvolutions()
    {
        if ((Problems is null) == (Problem is null))
            throw new UsageException("give --problems FILE or --problem TEXT");
        RequireTimedOperations();
        if (FlushMegabytes is < 1 or > 1024)
            throw new UsageException($"--flush-mb {FlushMegabytes} must be between 1 and 1024");
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
            bench.RunOnce(layers[0].Problem, passes[0], Fused);
            return true;
        }

        using ConvolutionReport? report = Json is null ? null : new ConvolutionReport(Json, opened.Backend.Description);
        bool any = false;
        foreach (ConvolutionResult result in Measure(bench, layers, passes))
        {
            report?.Add(result);
            any |= result.MsMedian is not null;
        }

        return any;
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
                Stopwatch.GetElapsedTime(begun).TotalSeconds < TimeToSpend
                    ? bench.Measure(layer, count, problem, passes, Fused)
                    : passes.Select(pass =>
                        bench.NotRun(layer, count, problem, pass, $"out of time after {TimeToSpend} s (--seconds)")
                    );
            foreach (ConvolutionResult result in results)
            {
                string pass = result.Fused is true ? $"{result.Pass}, fused" : result.Pass;
                Print(
                    result.NotRun is { } reason
                        ? $"{result.Layer, -20} {pass, -22} {result.Precision} not run: {reason}"
                        : string.Create(
                            CultureInfo.InvariantCulture,
                            $"{result.Layer, -20} {pass, -22} {result.Precision} {result.MsMedian, 9:F4} ms (min {result.MsMin:F4}, "
                                + $"noise {result.NoisePercent:F1} %) {result.Gflops, 8:F0} GFLOP/s, error {result.RelativeError:E1}"
                        )
                );
                yield return result;
            }
        }
    }
}
