using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Benchmarks.Convolutions;

/// <summary>What of a convolution is computed.</summary>
public enum ConvolutionPass
{
    /// <summary>y of x and w.</summary>
    Forward,

    /// <summary>The gradient of x, of w and that of y.</summary>
    Data,

    /// <summary>The gradient of w, of x and that of y.</summary>
    Weights,
}

/// <summary>The three tensors of a convolution on a device, whichever of them is the result.</summary>
/// <param name="X">Input or its gradient.</param>
/// <param name="W">Weights or their gradient.</param>
/// <param name="Y">Output or its gradient.</param>
internal sealed record ConvolutionTensors(Tensor X, Tensor W, Tensor Y) : IDisposable
{
    public static ConvolutionTensors Of(Backend backend, ConvolutionData data) =>
        new(
            Tensor.From<float>(backend.Device, data.Problem.InputShape, data.X),
            Tensor.From<float>(backend.Device, data.Problem.WeightShape, data.W),
            Tensor.From<float>(backend.Device, data.Problem.OutputShape, data.Y)
        );

    public Tensor ResultOf(ConvolutionPass pass) =>
        pass switch
        {
            ConvolutionPass.Forward => Y,
            ConvolutionPass.Data => X,
            ConvolutionPass.Weights => W,
            _ => throw new ArgumentOutOfRangeException(nameof(pass), pass, "unknown pass"),
        };

    public void Run(Backend backend, ConvolutionProblem problem, ConvolutionPass pass)
    {
        if (pass == ConvolutionPass.Forward)
            backend.ConvolutionForward(problem, X, W, null, Y);
        else if (pass == ConvolutionPass.Data)
            backend.ConvolutionBackwardData(problem, Y, W, X);
        else
            backend.ConvolutionBackwardWeights(problem, X, Y, W);
    }

    public void Dispose()
    {
        X.Dispose();
        W.Dispose();
        Y.Dispose();
    }
}
