using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>Two convolutions 3x3 with bias, each followed by instance normalization and leaky ReLU.</summary>
internal sealed class ConvPair2D
{
    private readonly Conv first,
        second;

    public ConvPair2D(ParameterStore store, string name, int inputs, int outputs) =>
        (first, second) = (
            Convolution(store, $"{name}.conv1", inputs, outputs),
            Convolution(store, $"{name}.conv2", outputs, outputs)
        );

    /// <summary>A convolution 3x3 with bias, whose result only a normalization reads.</summary>
    public static Conv Convolution(ParameterStore store, string name, int inputs, int outputs) =>
        new(
            store,
            name,
            inputs,
            outputs,
            Size3.Planar(3),
            Initializer.UniformLike(9 * inputs),
            hasBias: true,
            storesActivation: true
        );

    /// <param name="pass">The pass.</param>
    /// <param name="parts">Side by side, the input; left alone.</param>
    public Variable Forward(InstanceNormPass pass, params IReadOnlyList<ConvolutionPart> parts)
    {
        ConvolutionPart inner = pass.Convolve(first, parts),
            outer = pass.Convolve(second, inner);
        Tape.Release(inner.X);
        return pass.Activate(outer);
    }
}
