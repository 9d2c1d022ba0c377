using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Benchmarks.Convolutions;

/// <summary>The tensors of a convolution on a device, whichever of them is the result.</summary>
internal sealed class ConvolutionTensors : IDisposable
{
    private readonly ConvolutionData data;
    private readonly Backend backend;
    private readonly Tensor x,
        w,
        y;
    private readonly InputNormalization? normalization;
    private readonly OutputStatistics? statistics;

    public ConvolutionTensors(Backend backend, ConvolutionData data)
    {
        (this.backend, this.data) = (backend, data);
        x = Tensor.From<float>(backend.Device, data.Problem.InputShape, data.X);
        w = Tensor.From<float>(backend.Device, data.Problem.WeightShape, data.W);
        y = Tensor.From<float>(backend.Device, data.Problem.OutputShape, data.Y);
        if (data.Fusion is { } fusion)
            (normalization, statistics) = fusion.Place(backend);
    }

    public Tensor ResultOf(ConvolutionPass pass) =>
        pass switch
        {
            ConvolutionPass.Forward => y,
            ConvolutionPass.Data => x,
            ConvolutionPass.Weights => w,
            _ => throw new ArgumentOutOfRangeException(nameof(pass), pass, "unknown pass"),
        };

    public void Run(ConvolutionPass pass)
    {
        if (pass == ConvolutionPass.Forward)
            backend.FusedConvolutionForward(data.Problem, normalization, x, w, null, y, statistics);
        else if (pass == ConvolutionPass.Data)
            backend.ConvolutionBackwardData(data.Problem, y, w, x);
        else
            backend.FusedConvolutionBackward(data.Problem, normalization, x, y, w, gw: w, gx: null);
    }

    /// <summary>The relative error of the result, or of the statistics that the forward pass has left, if that is
    /// larger.</summary>
    public double RelativeError(ConvolutionPass pass)
    {
        float[] result = ResultOf(pass).ToArray<float>();
        double error = data.RelativeError(pass, result);
        return pass == ConvolutionPass.Forward && statistics is not null
            ? Math.Max(
                error,
                data.Fusion!.StatisticsError(result, statistics.Mean.ToArray<float>(), statistics.Variance.ToArray<float>())
            )
            : error;
    }

    public void Dispose()
    {
        foreach (
            Tensor? tensor in new[]
            {
                x,
                w,
                y,
                normalization?.Mean,
                normalization?.Variance,
                normalization?.Gamma,
                normalization?.Beta,
                statistics?.Mean,
                statistics?.Variance,
            }
        )
            tensor?.Dispose();
    }
}
