using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>
/// The dilated residual network of the unpaired 2D experiments: neighbouring slices as input channels, logits of the middle one.
/// Ten groups at 1, 1/2, 1/4 and 1/8 resolution, two blocks of dilation 2, an 8x pixel shuffle and a 5x5 read-out.
/// Dou et al. 2020, arXiv:2001.03111, and the authors' published code. 39,302,456 kernel weights at 16 features and 5 classes.
/// </summary>
public sealed class DilatedNetwork2D : ISegmentationNetwork
{
    internal const int ShuffleFactor = 8;

    private static readonly Size3 PoolSize = Size3.Planar(2);

    private readonly StageSequence stages = new();
    private readonly NormalizationSettings normalization;
    private readonly bool transposedShuffle;

    /// <param name="store">Receives the parameters.</param>
    /// <param name="slices">Neighbouring slices per image.</param>
    /// <param name="classes">Classes with background.</param>
    /// <param name="features">Channels of the first group (F); the deepest has 32 F. Even.</param>
    /// <param name="normalization">Kind and number of modalities.</param>
    /// <param name="keep">Probability that dropout keeps an element.</param>
    /// <param name="transposedShuffle">Pixel-shuffle order of the published code for batches above one.</param>
    /// <exception cref="ArgumentException">A count is out of range.</exception>
    public DilatedNetwork2D(
        ParameterStore store,
        int slices,
        int classes,
        int features,
        NormalizationSettings normalization,
        double keep = 0.75,
        bool transposedShuffle = false
    )
    {
        if (features < 2 || features % 2 != 0)
            throw new ArgumentException($"network.channels is {features}; it must be even and at least 2");
        if (slices < 1 || classes < 2)
            throw new ArgumentException($"a network needs at least 1 slice and 2 classes, not {slices} and {classes}");
        (Parameters, InputChannels, Classes, this.normalization, this.transposedShuffle) = (
            store,
            slices,
            classes,
            normalization,
            transposedShuffle
        );

        int f = features;
        var make = new BlockFactory(store, normalization, keep);
        stages.Add("g1", f, make.Conv("g1.conv0", slices, f).Forward, make.Residual("g1.rb1", f, f).Forward);
        stages.Add("g2", 2 * f, Pool, make.Residual("g2.rb1", f, 2 * f).Forward);
        stages.Add("g3", 4 * f, [Pool, .. ResidualPair("g3", 2 * f, 4 * f)]);
        stages.Add("g4", 8 * f, [Pool, .. ResidualPair("g4", 4 * f, 8 * f)]);
        stages.Add("g5", 16 * f, ResidualPair("g5", 8 * f, 16 * f));
        stages.Add("g6", 16 * f, ResidualPair("g6", 16 * f, 16 * f));
        stages.Add("g7", 32 * f, ResidualPair("g7", 16 * f, 32 * f));
        stages.Add(
            "g8",
            32 * f,
            make.Residual("g8.dr1", 32 * f, 32 * f, dilation: 2).Forward,
            make.Residual("g8.dr2", 32 * f, 32 * f, dilation: 2).Forward
        );
        Bottleneck = stages.Add("g9", 32 * f, PlainPair(make, 32 * f));
        stages.Add("g10", ShuffleFactor * classes, Upsampling(make, 32 * f));
        stages.Add(
            "out",
            classes,
            make.Conv("out.conv", ShuffleFactor * classes, classes, size: 5, padding: PaddingMode.Symmetric).Forward
        );

        Func<ForwardContext, Variable, Variable>[] ResidualPair(string group, int inputs, int outputs) =>
            [make.Residual($"{group}.rb1", inputs, outputs).Forward, make.Residual($"{group}.rb2", outputs, outputs).Forward];
    }

    /// <inheritdoc/>
    public ParameterStore Parameters { get; }

    /// <inheritdoc/>
    public int InputChannels { get; }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <summary>"g1" to "g10" and "out", which makes the logits.</summary>
    public IReadOnlyList<NetworkStage> Stages => stages.Stages;

    /// <summary>"g9": 32 F channels at an eighth of the height and width.</summary>
    public NetworkStage Bottleneck { get; }

    /// <summary>8 in height and width, which three poolings halve and the shuffle brings back.</summary>
    public Size3 Multiple => Size3.Planar(ShuffleFactor);

    /// <exception cref="ArgumentException">The images don't have the network's channels or a height and width divisible by
    /// 8.</exception>
    public Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null)
    {
        if (
            images.Shape.Rank != 5
            || images.Shape[4] != InputChannels
            || images.Shape[2] % ShuffleFactor != 0
            || images.Shape[3] % ShuffleFactor != 0
        )
            throw new ArgumentException(
                $"images {images.Shape} must be (batch, 1, height, width, {InputChannels}) with height and width "
                    + $"divisible by {ShuffleFactor}"
            );
        if (
            normalization.Modalities != 1
            && context.RequireModality("the network").Modalities is var counted
            && counted != normalization.Modalities
        )
            throw new ArgumentException($"the batch counts {counted} modalities, the network {normalization.Modalities}");
        return stages.Run(context, images, taps: taps);
    }

    /// <inheritdoc/>
    public Variable ForwardFrom(ForwardContext context, StageOutput output) =>
        stages.Run(context, output.Features, output.Stage.Index + 1);

    private static Variable Pool(ForwardContext context, Variable x) =>
        context.Tape.MaxPool(new PoolingProblem(x.Shape, PoolSize, PoolSize), x);

    /// <summary>
    /// Group 9: two pre-activation convolutions without a shortcut; the last dropout has a convolution behind it and takes a
    /// pass.
    /// </summary>
    private static Func<ForwardContext, Variable, Variable>[] PlainPair(BlockFactory make, int channels)
    {
        PreActivationConv first = make.PreActivation("g9.conv1", channels, channels);
        PreActivationConv second = make.PreActivation("g9.conv2", channels, channels, storesActivation: false);
        return [(context, x) => first.Forward(context, x, second), (context, x) => context.Tape.Dropout(x, second.Mask(context))];
    }

    /// <summary>
    /// Group 10: a convolution to 64 sub-positions per output channel, normalized and shuffled to full resolution.
    /// </summary>
    private Func<ForwardContext, Variable, Variable>[] Upsampling(BlockFactory make, int channels)
    {
        int subPositions = ShuffleFactor * ShuffleFactor * ShuffleFactor * Classes;
        Conv conv = make.Conv("g10.conv", channels, subPositions, padding: PaddingMode.Symmetric, storesActivation: true);
        ModalityNorm norm = make.Norm("g10.norm", subPositions);
        return
        [
            conv.Forward,
            (context, x) => norm.Forward(context, x, DropoutMask.None),
            (context, x) => context.Tape.PixelShuffle(x, ShuffleFactor, transposedShuffle),
        ];
    }
}
