using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.Uagan;

/// <summary>
/// Says of an image how real each part of it looks, and of which modality it is: the discriminator of StarGAN (Choi et al. 2018,
/// arXiv:1711.09020) as UAGAN's published code has it. Convolutions and leaky ReLUs only, so that its gradients can be
/// differentiated again. 44,743,616 weights at 64 channels, 6 layers, images of 128x128 and 3 modalities.
/// </summary>
internal sealed class Discriminator
{
    // Of the published code.
    private const double FirstSlope = 0.001,
        Slope = 0.01;

    private readonly Conv[] layers;
    private readonly Conv realness,
        modality;
    private readonly int modalities;

    /// <param name="store">Receives the parameters.</param>
    /// <param name="size">Height and width of the images, a multiple of 2^layers.</param>
    /// <param name="modalities">That are told apart.</param>
    /// <param name="channels">Of the first layer; they double with each.</param>
    /// <param name="depth">Layers, each of which halves the image.</param>
    public Discriminator(ParameterStore store, int size, int modalities, int channels, int depth)
    {
        (Parameters, this.modalities) = (store, modalities);
        layers =
        [
            .. Enumerable
                .Range(0, depth)
                .Select(layer =>
                {
                    int inputs = layer == 0 ? 1 : channels << (layer - 1);
                    return Convolution($"layer{layer + 1}", inputs, channels << layer, 4, stride: 2, hasBias: true);
                }),
        ];
        int features = channels << (depth - 1),
            side = size >> depth;
        realness = Convolution("realness", features, 1, 3, stride: 1, hasBias: false);

        // One window of the last layer's size: its stride keeps padding away.
        modality = Convolution("modality", features, modalities, side, stride: side, hasBias: false);

        Conv Convolution(string name, int inputs, int outputs, int kernel, int stride, bool hasBias) =>
            new(
                store,
                name,
                inputs,
                outputs,
                Size3.Planar(kernel),
                Initializer.UniformLike(kernel * kernel * inputs),
                stride: Size3.Planar(stride),
                hasBias: hasBias
            );
    }

    public ParameterStore Parameters { get; }

    /// <param name="context">The pass.</param>
    /// <param name="images">(N, 1, size, size, 1).</param>
    /// <returns>Realness (N, 1, side, side, 1), and logits of the modality (N, modalities).</returns>
    public (Variable Realness, Variable Modality) Forward(ForwardContext context, Variable images)
    {
        Variable x = images;
        foreach ((int layer, Conv conv) in layers.Index())
            x = context.Tape.LeakyReLU(conv.Forward(context, x), layer == 0 ? FirstSlope : Slope);
        Variable logits = modality.Forward(context, x);
        return (realness.Forward(context, x), context.Tape.Reshape(logits, new Shape(images.Shape[0], modalities)));
    }
}
