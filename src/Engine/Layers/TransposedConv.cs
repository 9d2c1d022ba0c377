using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Layers;

/// <summary>
/// A transposed convolution with output = input * stride, shared by all modalities or with kernels for each (see
/// <see cref="ParameterSharing"/>).
/// </summary>
public sealed class TransposedConv
{
    private readonly ModalityKernels kernels;
    private readonly Size3 stride;
    private readonly bool storesActivation;

    /// <param name="store">Gets the parameters.</param>
    /// <param name="name">Path of the layer, which begins the names of its parameters.</param>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the result.</param>
    /// <param name="size">Of the kernel.</param>
    /// <param name="stride">How many times larger the result is.</param>
    /// <param name="initializer">First values of the kernel.</param>
    /// <param name="hasBias">Whether a bias per output channel is added.</param>
    /// <param name="storesActivation">Whether the result is stored as <see cref="Backend.ActivationType"/> says: right where only
    /// normalizations read it.</param>
    public TransposedConv(
        ParameterStore store,
        string name,
        int inputChannels,
        int outputChannels,
        Size3 size,
        Size3 stride,
        Initializer initializer,
        bool hasBias = false,
        bool storesActivation = false
    )
    {
        (this.stride, this.storesActivation) = (stride, storesActivation);
        kernels = new ModalityKernels(
            store,
            name,
            new Shape(size.Depth, size.Height, size.Width, outputChannels, inputChannels),
            initializer,
            hasBias ? outputChannels : 0
        );
    }

    /// <param name="context">The pass.</param>
    /// <param name="x">(N, D, H, W, input channels).</param>
    public Variable Forward(ForwardContext context, Variable x) =>
        kernels.Apply(
            context,
            x,
            (samples, kernel, bias) =>
                context.Tape.ConvolveTransposed(
                    samples,
                    kernel,
                    stride,
                    bias,
                    storesActivation ? context.Tape.Backend.ActivationType(kernel.DType) : kernel.DType
                )
        );
}
