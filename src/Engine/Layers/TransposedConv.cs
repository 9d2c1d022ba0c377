using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Layers;

/// <summary>A transposed convolution with output = input * stride, shared by all modalities.</summary>
public sealed class TransposedConv
{
    private readonly Parameter kernel;
    private readonly Size3 stride;

    public TransposedConv(ParameterStore store, string name, int inputChannels, int outputChannels, Size3 size, Size3 stride, Initializer initializer)
    {
        this.stride = stride;
        kernel = store.Create(
            $"{name}.kernel", new Shape(size.Depth, size.Height, size.Width, outputChannels, inputChannels), ParameterKind.Kernel, initializer);
    }

    /// <param name="context">The pass.</param>
    /// <param name="x">(N, D, H, W, input channels).</param>
    public Variable Forward(ForwardContext context, Variable x) => context.Tape.ConvolveTransposed(x, kernel.Variable, stride);
}
