using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>
/// The U-Net on slices with instance normalization: Ronneberger et al. 2015, arXiv:1505.04597, as in the published code of UAGAN
/// (Yuan et al. 2019, github.com/mangoyuan/UAGAN).
/// </summary>
public sealed class UNet2D : ISegmentationNetwork
{
    private readonly NormalizationSettings normalization;
    private readonly UNetEncoder2D encoder;
    private readonly ConvPair2D center;
    private readonly UNetDecoder2D decoder;

    /// <param name="store">Receives the parameters.</param>
    /// <param name="inputChannels">Channels of an image.</param>
    /// <param name="classes">Classes with background.</param>
    /// <param name="features">Channels of the finest level; the bottleneck has 2^halvings times as many.</param>
    /// <param name="halvings">How often the image is halved.</param>
    /// <param name="keep">Probability that dropout on the deepest skip connection keeps an element.</param>
    /// <param name="normalization">Epsilon and slope; the kind is always by instance.</param>
    public UNet2D(
        ParameterStore store,
        int inputChannels,
        int classes,
        int features,
        int halvings,
        double keep,
        NormalizationSettings normalization
    )
    {
        (Parameters, InputChannels, Classes, this.normalization) = (store, inputChannels, classes, normalization);
        Multiple = Size3.Planar(1 << halvings);
        encoder = new UNetEncoder2D(store, "enc", inputChannels, features, halvings, keep);
        center = new ConvPair2D(store, "center", features << (halvings - 1), features << halvings);
        decoder = new UNetDecoder2D(store, "dec", classes, features, halvings, attends: false);
    }

    /// <inheritdoc/>
    public ParameterStore Parameters { get; }

    /// <inheritdoc/>
    public int InputChannels { get; }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <inheritdoc/>
    public Size3 Multiple { get; }

    /// <exception cref="ArgumentException">The images don't have the network's channels, or sides that cannot be halved so
    /// often.</exception>
    public Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null)
    {
        Slices.Require(images.Shape, InputChannels, Multiple);
        var pass = new InstanceNormPass(context, Parameters.DType, normalization.Epsilon, normalization.Slope);
        (Variable[] skips, Variable bottom) = encoder.Forward(pass, images, site: 0);
        Variable deepest = center.Forward(pass, new ConvolutionPart(bottom));
        Tape.Release(bottom);
        Variable logits = decoder.Forward(pass, deepest, skips);
        foreach (Variable used in skips.Append(deepest))
            Tape.Release(used);
        return logits;
    }
}
