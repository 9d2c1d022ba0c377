using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Times the three passes of each convolution of a network.</summary>
internal static class LayerBench
{
    public static IEnumerable<LayerResult> Run(LayersOptions options) =>
        NetworkLayers
            .Of(options)
            .Where(layer => layer.Name.Contains(options.Filter, StringComparison.Ordinal))
            .SelectMany(layer => Passes(layer, options));

    private static List<LayerResult> Passes(NetworkLayer layer, LayersOptions options)
    {
        using var scope = NewDisposeScope();
        Tensor[] inputs = [.. layer.Inputs.Select(shape => options.Layout.Arrange(rand(shape) - 0.5))];
        var results = new List<LayerResult>();
        using (inference_mode())
            Time("forward", () => Forward(layer, inputs));

        // Each pass has a graph in which only what is asked for needs a gradient.
        Parameter weight = layer.Convolution.Weight;
        weight.requires_grad = false;
        TimeGradient("data gradient", [.. inputs.Select(x => x.detach().requires_grad_())], x => Forward(layer, x));
        weight.requires_grad = true;
        TimeGradient("weight gradient", [weight], _ => Forward(layer, inputs));
        weight.Dispose();
        return results;

        void TimeGradient(string pass, Tensor[] with, Func<Tensor[], Tensor> forward)
        {
            Tensor y = forward(with),
                gradient = options.Layout.Arrange(rand(y.shape) - 0.5);
            Time(pass, () => autograd.grad([y], with, [gradient], retain_graph: true));
        }

        void Time(string pass, Action body)
        {
            Measurement time = Measurement.Of(
                options.Seconds,
                () =>
                {
                    using var run = NewDisposeScope();
                    body();
                }
            );
            results.Add(new LayerResult(layer.Name, pass, time.MinimumMilliseconds, time.MedianMilliseconds, time.Runs));
        }
    }

    private static Tensor Forward(NetworkLayer layer, Tensor[] inputs) =>
        layer.Convolution.Forward(inputs.Length == 1 ? inputs[0] : cat(inputs, 1));
}
