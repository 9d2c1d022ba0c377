using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// UAGAN's discriminator as a TorchSharp user would write it: 44,743,616 parameters at 64 channels, 6 layers, images of 128x128
/// and 3 modalities.
/// </summary>
internal sealed class Discriminator
{
    private const double FirstSlope = 0.001,
        Slope = 0.01;

    private readonly (Parameter Kernel, Parameter Bias)[] layers;
    private readonly Parameter realness,
        modality;

    public Discriminator(PeerParameters parameters, int size, int modalities, int channels, int depth)
    {
        Parameters = parameters;
        layers =
        [
            .. Enumerable
                .Range(0, depth)
                .Select(layer =>
                    (
                        parameters.Kernel(channels << layer, layer == 0 ? 1 : channels << (layer - 1), 4, 4),
                        parameters.Vector(channels << layer, 0)
                    )
                ),
        ];
        int features = channels << (depth - 1),
            side = size >> depth;
        realness = parameters.Kernel(1, features, 3, 3);
        modality = parameters.Kernel(modalities, features, side, side);
    }

    public PeerParameters Parameters { get; }

    /// <summary>Images (batch, 1, size, size) to realness of parts, and logits of the modality.</summary>
    public (Tensor Realness, Tensor Modality) Forward(Tensor images)
    {
        Tensor x = images;
        foreach ((int layer, (Parameter kernel, Parameter bias)) in layers.Index())
            x = leaky_relu(conv2d(x, kernel, bias, strides: [2, 2], padding: [1, 1]), layer == 0 ? FirstSlope : Slope);
        return (conv2d(x, realness, padding: [1, 1]), conv2d(x, modality).flatten(1));
    }
}
