using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>Times the three passes of convolutions on the processor, with warm caches, beside the multiply-add peak.</summary>
/// <param name="backend">The CPU backend.</param>
/// <param name="threads">What the peaks are measured with; as many as the backend's.</param>
/// <param name="seconds">Time per layer and pass.</param>
public sealed class LayerBenchmark(Backend backend, CpuThreads threads, double seconds)
{
    private readonly double bandwidth = ProcessorPeaks.Bandwidth(threads);

    /// <summary>Forward, data gradient and weight gradient of a layer.</summary>
    public IEnumerable<LayerResult> Measure(NetworkLayer layer)
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        ConvolutionProblem problem = layer.Problem;
        Tensor x = MadeUp(problem.InputShape),
            w = MadeUp(problem.WeightShape),
            y = MadeUp(problem.OutputShape),
            gx = MadeUp(problem.InputShape),
            gw = MadeUp(problem.WeightShape);
        Action asForward = () => backend.ConvolutionForward(problem, x, w, null, y, layer.Accumulates),
            asBackward = () => backend.ConvolutionBackwardData(problem, y, w, gx);
        (string Pass, Action Run)[] passes =
        [
            ("forward", layer.IsTransposed ? asBackward : asForward),
            ("data gradient", layer.IsTransposed ? asForward : asBackward),
            ("weight gradient", () => backend.ConvolutionBackwardWeights(problem, x, y, gw)),
        ];
        foreach ((string pass, Action run) in passes)
        {
            // The clock moves with load and neighbours: the peak is measured beside each layer.
            double peak = ProcessorPeaks.MultiplyAdd(threads);
            Measurement time = Measurement.Of(seconds, run);
            peak = Math.Max(peak, ProcessorPeaks.MultiplyAdd(threads));
            double bytes = x.Bytes + w.Bytes + y.Bytes;
            yield return new LayerResult(
                layer.Name,
                pass,
                time.MinimumMilliseconds,
                time.MedianMilliseconds,
                problem.FlopsWithinImage / 1e9,
                bytes / 1e6,
                peak,
                bandwidth
            );
        }
    }

    private Tensor MadeUp(Shape shape) =>
        Tensor.From<float>(
            backend.Device,
            shape,
            [.. Enumerable.Range(0, checked((int)shape.Count)).Select(i => (((i * 2654435761L) & 0xFFFF) / 65536f) - 0.5f)]
        );
}
