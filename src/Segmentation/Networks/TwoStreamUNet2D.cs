using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>
/// Two U-Nets on slices that share their bottleneck: one segments, one translates the image to another modality, and each decoder
/// looks at the skip connections of the other's encoder. The generator of UAGAN: Yuan et al. 2019 (MICCAI), in the sizes of its
/// published code (github.com/mangoyuan/UAGAN) 60,442,755 weights at 64 features, 4 halvings, 3 modalities and 2 classes.
/// </summary>
public sealed class TwoStreamUNet2D : ISegmentationNetwork
{
    private readonly int modalities;
    private readonly TargetPlane plane;
    private readonly NormalizationSettings normalization;
    private readonly UNetEncoder2D segmentationEncoder,
        translationEncoder;
    private readonly ConvPair2D center;
    private readonly UNetDecoder2D segmentationDecoder,
        translationDecoder;

    /// <param name="store">Receives the parameters.</param>
    /// <param name="classes">Classes with background.</param>
    /// <param name="features">Channels of the finest level; the bottleneck has 2^halvings times as many.</param>
    /// <param name="halvings">How often the image is halved.</param>
    /// <param name="keep">Probability that dropout on the deepest skip connections keeps an element.</param>
    /// <param name="normalization">Number of modalities, epsilon and slope; the kind is always by instance.</param>
    /// <param name="plane">How a translation is told its target.</param>
    public TwoStreamUNet2D(
        ParameterStore store,
        int classes,
        int features,
        int halvings,
        double keep,
        NormalizationSettings normalization,
        TargetPlane plane = TargetPlane.Ones
    )
    {
        (Parameters, Classes, this.normalization, this.plane) = (store, classes, normalization, plane);
        modalities = normalization.Modalities;
        Multiple = Size3.Planar(1 << halvings);
        segmentationEncoder = new UNetEncoder2D(store, "seg_enc", InputChannels, features, halvings, keep);
        translationEncoder = new UNetEncoder2D(store, "syn_enc", InputChannels + modalities, features, halvings, keep);
        center = new ConvPair2D(store, "center", features << (halvings - 1), features << halvings);
        segmentationDecoder = new UNetDecoder2D(store, "seg_dec", classes, features, halvings, attends: true);
        translationDecoder = new UNetDecoder2D(store, "syn_dec", InputChannels, features, halvings, attends: true);
    }

    /// <inheritdoc/>
    public ParameterStore Parameters { get; }

    /// <inheritdoc/>
    public int InputChannels => 1;

    /// <inheritdoc/>
    public int Classes { get; }

    /// <inheritdoc/>
    public Size3 Multiple { get; }

    /// <summary>Logits; the translation stream looks at the images as if they were to stay of their modality.</summary>
    /// <exception cref="ArgumentException">The images are not of one channel, or have sides that cannot be halved so
    /// often.</exception>
    public Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null)
    {
        Variable code = CodeOf(context.Tape, context.RequireModality("the translation stream"), Parameters.DType);
        InstanceNormPass pass = Begin(context, images);
        Encoded encoded = Encode(pass, images, code, firstSite: 0);
        Variable deepest = center.Forward(pass, new ConvolutionPart(encoded.SegmentationBottom));
        Variable logits = segmentationDecoder.Forward(pass, deepest, encoded.SegmentationSkips, encoded.TranslationSkips);
        encoded.Release();
        Tape.Release(deepest);
        return logits;
    }

    /// <summary>Both streams.</summary>
    /// <param name="context">The pass.</param>
    /// <param name="images">(N, 1, height, width, 1); left alone.</param>
    /// <param name="targets">To which modality each is translated: (N, modalities), one at its place, zero elsewhere.</param>
    /// <param name="run">Number of this run in its step, which tells dropout masks apart.</param>
    /// <returns>Logits of the segmentation, and the translated images.</returns>
    /// <exception cref="ArgumentException">As <see cref="Forward"/>.</exception>
    public (Variable Logits, Variable Translation) Translate(
        ForwardContext context,
        Variable images,
        Variable targets,
        int run = 0
    )
    {
        InstanceNormPass pass = Begin(context, images);
        Encoded encoded = Encode(pass, images, targets, firstSite: 2 * run);

        // Instances do not know of each other: both streams pass the bottleneck as one batch.
        Tape tape = context.Tape;
        int samples = images.Shape[0];
        Variable bottoms = tape.Concat(0, encoded.SegmentationBottom, encoded.TranslationBottom),
            deepest = center.Forward(pass, new ConvolutionPart(bottoms)),
            ofSegmentation = tape.Slice(deepest, 0, 0, samples),
            ofTranslation = tape.Slice(deepest, 0, samples, samples);
        Variable logits = segmentationDecoder.Forward(pass, ofSegmentation, encoded.SegmentationSkips, encoded.TranslationSkips),
            translation = translationDecoder.Forward(pass, ofTranslation, encoded.TranslationSkips, encoded.SegmentationSkips);
        encoded.Release();
        foreach (Variable used in new[] { bottoms, deepest, ofSegmentation, ofTranslation })
            Tape.Release(used);
        return (logits, translation);
    }

    /// <summary>(N, modalities): one at each sample's modality, zero elsewhere.</summary>
    /// <param name="tape">Where it becomes known.</param>
    /// <param name="modality">Of each sample.</param>
    /// <param name="type">Of the network's parameters.</param>
    public static Variable CodeOf(Tape tape, ModalityIndex modality, DType type)
    {
        Variable[] runs =
        [
            .. modality
                .Runs()
                .Select(run =>
                {
                    Tensor ones = tape.Allocate(new Shape(run.Count, 1), type);
                    tape.Backend.Fill(ones, 1);
                    return tape.Pad(tape.Input(ones), ^1, run.Modality, modality.Modalities);
                }),
        ];
        return runs.Length == 1 ? runs[0] : tape.Concat(0, runs);
    }

    private InstanceNormPass Begin(ForwardContext context, Variable images)
    {
        Slices.Require(images.Shape, InputChannels, Multiple);
        return new InstanceNormPass(context, Parameters.DType, normalization.Epsilon, normalization.Slope);
    }

    private Encoded Encode(InstanceNormPass pass, Variable images, Variable targets, int firstSite)
    {
        Variable planes = Planes(pass.Tape, images, targets),
            withTargets = pass.Tape.Concat(^1, images, planes);
        (Variable[] segmentation, Variable segmentationBottom) = segmentationEncoder.Forward(pass, images, firstSite);
        (Variable[] translation, Variable translationBottom) = translationEncoder.Forward(pass, withTargets, firstSite + 1);
        Tape.Release(planes);
        Tape.Release(withTargets);
        return new Encoded(segmentation, segmentationBottom, translation, translationBottom);
    }

    private Variable Planes(Tape tape, Variable images, Variable targets)
    {
        Variable ones = tape.Broadcast(targets, images.Shape.With(^1, modalities), 1, 3);
        return plane switch
        {
            TargetPlane.Ones => ones,
            TargetPlane.Image => tape.Multiply(ones, images),
            _ => throw new InvalidOperationException($"no plane of {plane}"),
        };
    }

    private sealed record Encoded(
        Variable[] SegmentationSkips,
        Variable SegmentationBottom,
        Variable[] TranslationSkips,
        Variable TranslationBottom
    )
    {
        public void Release()
        {
            foreach (
                Variable used in (Variable[])[.. SegmentationSkips, SegmentationBottom, .. TranslationSkips, TranslationBottom]
            )
                Tape.Release(used);
        }
    }
}
