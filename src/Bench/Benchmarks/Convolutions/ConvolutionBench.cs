using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Profiling;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Benchmarks.Convolutions;

/// <summary>
/// Times the passes of convolutions by the backend's own clock, each with cold caches, after a check of its result.
/// </summary>
/// <param name="backend">Computes.</param>
/// <param name="device">Its name on the command line, for repro lines.</param>
/// <param name="precision">Its precision.</param>
/// <param name="runs">Timed runs.</param>
/// <param name="flushMegabytes">Written before each run; a few times the last cache.</param>
public sealed class ConvolutionBench(Backend backend, string device, ConvolutionPrecision precision, int runs, int flushMegabytes)
    : IDisposable
{
    private const int WarmUpRuns = 2;

    private readonly Tensor flush = Tensor.Allocate(
        backend.Device,
        new Shape(flushMegabytes * 1024 * 1024 / sizeof(float)),
        DType.Float32
    );

    /// <summary>
    /// Checks and times the passes of one layer; with <paramref name="fused"/> each also as the networks use it, with an input
    /// that
    /// is normalized while it is read and, in the forward pass, statistics of the output. The data gradient is the same then.
    /// </summary>
    public IEnumerable<ConvolutionResult> Measure(
        string layer,
        int count,
        ConvolutionProblem problem,
        IReadOnlyList<ConvolutionPass> passes,
        bool fused = false
    )
    {
        var plain = new ConvolutionData(problem);
        ConvolutionData? besides = fused ? new ConvolutionData(problem, new ConvolutionFusion(problem)) : null;
        foreach (ConvolutionPass pass in passes)
        {
            ConvolutionResult result = Named(layer, count, problem, pass);
            yield return Measure(result, plain, pass);
            if (besides is not null && pass != ConvolutionPass.Data)
                yield return Measure(result with { Fused = true, Repro = result.Repro + " --fused" }, besides, pass);
        }
    }

    /// <summary>A single unchecked run, for a profiler.</summary>
    public void RunOnce(ConvolutionProblem problem, ConvolutionPass pass, bool fused = false)
    {
        using ConvolutionTensors tensors = new(
            backend,
            new ConvolutionData(problem, fused ? new ConvolutionFusion(problem) : null)
        );
        tensors.Run(pass);
        tensors.ResultOf(pass).ToArray<float>();
    }

    /// <summary>A layer and pass without a time.</summary>
    public ConvolutionResult NotRun(string layer, int count, ConvolutionProblem problem, ConvolutionPass pass, string reason) =>
        Named(layer, count, problem, pass) with
        {
            NotRun = reason,
        };

    public void Dispose() => flush.Dispose();

    private ConvolutionResult Named(string layer, int count, ConvolutionProblem problem, ConvolutionPass pass)
    {
        string mode = precision.ToString().ToLowerInvariant();
        return new ConvolutionResult(layer, count, problem.ToString(), NameOf(pass))
        {
            Precision = mode,
            Repro =
                $"unpairedseg bench convolutions --device {device} --problem '{problem}' --pass "
                + $"{pass.ToString().ToLowerInvariant()} --precision {mode}",
        };
    }

    private ConvolutionResult Measure(ConvolutionResult result, ConvolutionData data, ConvolutionPass pass)
    {
        ConvolutionProblem problem = data.Problem;
        // A result overwrites an operand of the next pass.
        using var tensors = new ConvolutionTensors(backend, data);
        backend.Fill(tensors.ResultOf(pass), float.NaN);
        tensors.Run(pass);
        double error = tensors.RelativeError(pass);
        if (!(error <= Tolerance))
            return result with
            {
                NotRun = FormattableString.Invariant(
                    $"the result is wrong: relative error {error:E1}, {Tolerance:E0} is allowed"
                ),
                RelativeError = double.IsFinite(error) ? error : null,
            };

        double[] times = Times(tensors, pass);
        double median = (times[(times.Length - 1) / 2] + times[times.Length / 2]) / 2;
        double bytes = sizeof(float) * (double)(problem.InputShape.Count + problem.WeightShape.Count + problem.OutputShape.Count);
        return result with
        {
            MsMedian = median,
            MsMin = times[0],
            NoisePercent = 50 * (times[3 * times.Length / 4] - times[times.Length / 4]) / median,
            Runs = times.Length,
            Gflops = problem.Flops / median / 1e6,
            Gbs = bytes / median / 1e6,
            RelativeError = error,
            Kernels = KernelsOf(tensors, pass),
        };
    }

    /// <summary>Milliseconds, sorted.</summary>
    private double[] Times(ConvolutionTensors tensors, ConvolutionPass pass)
    {
        using OperationClock clock = backend.CreateClock(kernels: false);
        for (int run = 0; run < WarmUpRuns; run++)
            tensors.Run(pass);
        var points = new (int Begin, int End)[runs];
        for (int run = 0; run < runs; run++)
        {
            backend.Fill(flush, run);
            int begin = clock.Begin("convolution");
            tensors.Run(pass);
            points[run] = (begin, clock.End());
        }

        double[] times = [.. points.Select(p => (clock.TimeOf(p.End) - clock.TimeOf(p.Begin)).TotalMilliseconds)];
        Array.Sort(times);
        return times;
    }

    private KernelTime[] KernelsOf(ConvolutionTensors tensors, ConvolutionPass pass)
    {
        using OperationClock clock = backend.CreateClock();
        clock.Begin("convolution");
        tensors.Run(pass);
        clock.End();
        return
        [
            .. clock.Kernels.Select(k => new KernelTime(
                k.Kernel,
                (clock.TimeOf(k.End) - clock.TimeOf(k.Begin)).TotalMilliseconds
            )),
        ];
    }

    /// <summary>Of sums of rounded products, with room; wrong kernels miss it by far.</summary>
    private double Tolerance =>
        precision switch
        {
            ConvolutionPrecision.Bf16 => 2e-2,
            ConvolutionPrecision.Bf16x3 => 1e-3,
            ConvolutionPrecision.Bf16x6 or ConvolutionPrecision.Fp32 => 1e-4,
            _ => throw new InvalidOperationException($"unknown precision {precision}"),
        };

    private static string NameOf(ConvolutionPass pass) =>
        pass switch
        {
            ConvolutionPass.Forward => "forward",
            ConvolutionPass.Data => "data gradient",
            ConvolutionPass.Weights => "weight gradient",
            _ => throw new ArgumentOutOfRangeException(nameof(pass), pass, "unknown pass"),
        };
}
