using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;

namespace UnpairedSegEngine.Bench;

/// <summary>Times the three directions of each convolution of a network.</summary>
internal static unsafe class LayerBench
{
    public static IEnumerable<LayerResult> Run(Options options, CpuThreads threads)
    {
        using var convolution = new CpuConvolution(threads, SimdLevels.Best, options.Exact);
        foreach (NetworkLayer layer in NetworkLayers.Of(options).Where(l => l.Name.Contains(options.Filter, StringComparison.Ordinal)))
        {
            foreach (LayerResult result in Passes(layer, convolution, threads, options.Seconds))
                yield return result;
        }
    }

    private static List<LayerResult> Passes(NetworkLayer layer, CpuConvolution convolution, CpuThreads threads, double seconds)
    {
        ConvolutionProblem problem = layer.Problem;
        float* x = Random(problem.InputShape.Count), w = Random(problem.WeightShape.Count), y = Random(problem.OutputShape.Count);
        float* gx = Random(problem.InputShape.Count), gw = Random(problem.WeightShape.Count);
        (string Pass, Action Body)[] passes =
        [
            (layer.IsTransposed ? "data gradient" : "forward", () => convolution.Forward(problem, x, w, null, y, layer.Accumulates)),
            (layer.IsTransposed ? "forward" : "data gradient", () => convolution.BackwardData(problem, y, w, gx)),
            ("weight gradient", () => convolution.BackwardWeights(problem, x, y, gw)),
        ];
        var results = new List<LayerResult>();
        foreach ((string pass, Action body) in passes.OrderByDescending(p => p.Pass == "forward"))
        {
            // The clock moves with load and neighbours: the peak is measured beside each layer.
            double peak = ProcessorPeaks.MultiplyAdd(threads);
            Measurement time = Measurement.Of(seconds, body);
            peak = Math.Max(peak, ProcessorPeaks.MultiplyAdd(threads));
            double rate = problem.FlopsWithinImage / time.MinimumMilliseconds / 1e6;
            double bytes = 4.0 * (problem.InputShape.Count + problem.WeightShape.Count + problem.OutputShape.Count);
            results.Add(new LayerResult(layer.Name, pass, time.MinimumMilliseconds, time.MedianMilliseconds, rate, 100 * rate / peak, bytes / 1e6, problem.FlopsWithinImage / bytes));
        }

        foreach (nint pointer in new[] { (nint)x, (nint)w, (nint)y, (nint)gx, (nint)gw })
            NativeMemory.AlignedFree((void*)pointer);
        return results;
    }

    private static float* Random(long count)
    {
        var values = (float*)NativeMemory.AlignedAlloc((nuint)(count * sizeof(float)), 64);
        for (long i = 0; i < count; i++)
            values[i] = (((i * 2654435761L) & 0xFFFF) / 65536f) - 0.5f;
        return values;
    }
}
