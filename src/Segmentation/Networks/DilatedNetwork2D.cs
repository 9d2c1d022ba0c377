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

    private readonly List<Func<ForwardContext, Variable, Variable>> stages = [];
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
        stages.Add(make.Conv("g1.conv0", slices, f).Forward);
        stages.Add(make.Residual("g1.rb1", f, f).Forward);
        stages.Add(Pool);
        stages.Add(make.Residual("g2.rb1", f, 2 * f).Forward);
        stages.Add(Pool);
        AddResidualPair(make, "g3", 2 * f, 4 * f);
        stages.Add(Pool);
        AddResidualPair(make, "g4", 4 * f, 8 * f);
        AddResidualPair(make, "g5", 8 * f, 16 * f);
        AddResidualPair(make, "g6", 16 * f, 16 * f);
        AddResidualPair(make, "g7", 16 * f, 32 * f);
        stages.Add(make.Residual("g8.dr1", 32 * f, 32 * f, dilation: 2).Forward);
        stages.Add(make.Residual("g8.dr2", 32 * f, 32 * f, dilation: 2).Forward);
        AddPlainPair(make, 32 * f);
        AddUpsampling(make, 32 * f);
        stages.Add(make.Conv("out.conv", ShuffleFactor * classes, classes, size: 5, padding: PaddingMode.Symmetric).Forward);
    }

    public ParameterStore Parameters { get; }

    public int InputChannels { get; }

    public int Classes { get; }

    public Size3 Multiple => Size3.Planar(ShuffleFactor);

    /// <exception cref="ArgumentException">The images don't have the network's channels or a height and width divisible by
    /// 8.</exception>
    public Variable Forward(ForwardContext context, Variable images)
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
        Variable x = images;
        foreach (Func<ForwardContext, Variable, Variable> stage in stages)
        {
            Variable y = stage(context, x);
            if (y != x && x != images)
                Tape.Release(x);
            x = y;
        }

        return x;
    }

    private static Variable Pool(ForwardContext context, Variable x) =>
        context.Tape.MaxPool(new PoolingProblem(x.Shape, PoolSize, PoolSize), x);

    private void AddResidualPair(BlockFactory make, string group, int inputChannels, int outputChannels)
    {
        stages.Add(make.Residual($"{group}.rb1", inputChannels, outputChannels).Forward);
        stages.Add(make.Residual($"{group}.rb2", outputChannels, outputChannels).Forward);
    }

    /// <summary>
    /// Group 9: two pre-activation convolutions without a shortcut; the last dropout has a convolution behind it and takes a
    /// pass.
    /// </summary>
    private void AddPlainPair(BlockFactory make, int channels)
    {
        PreActivationConv first = make.PreActivation("g9.conv1", channels, channels);
        PreActivationConv second = make.PreActivation("g9.conv2", channels, channels);
        stages.Add((context, x) => first.Forward(context, x, second));
        stages.Add((context, x) => context.Tape.Dropout(x, second.Mask(context)));
    }

    /// <summary>
    /// Group 10: a convolution to 64 sub-positions per output channel, normalized and shuffled to full resolution.
    /// </summary>
    private void AddUpsampling(BlockFactory make, int channels)
    {
        int subPositions = ShuffleFactor * ShuffleFactor * ShuffleFactor * Classes;
        Conv conv = make.Conv("g10.conv", channels, subPositions, padding: PaddingMode.Symmetric);
        ModalityNorm norm = make.Norm("g10.norm", subPositions);
        stages.Add(conv.Forward);
        stages.Add((context, x) => norm.Forward(context, x, DropoutMask.None));
        stages.Add((context, x) => context.Tape.PixelShuffle(x, ShuffleFactor, transposedShuffle));
    }
}
