using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>
/// The way up of a U-Net on slices: at each level a transposed convolution of 2x2, beside the skip connection a pair of
/// convolutions; at the end a convolution of 1x1. With attention, a skip connection e of its own becomes
/// e + leakyReLU(norm(conv(o))) * sigmoid(conv(o)) for that of another encoder, o.
/// </summary>
internal sealed class UNetDecoder2D
{
    private readonly Level[] levels;
    private readonly Conv score;

    /// <param name="store">Receives the parameters.</param>
    /// <param name="name">Of the decoder.</param>
    /// <param name="outputs">Channels of the result.</param>
    /// <param name="features">Channels of the finest level.</param>
    /// <param name="halvings">Levels.</param>
    /// <param name="attends">Whether it looks at the skip connections of another encoder.</param>
    public UNetDecoder2D(ParameterStore store, string name, int outputs, int features, int halvings, bool attends)
    {
        levels =
        [
            .. Enumerable.Range(0, halvings).Select(level => new Level(store, $"{name}{level + 1}", features << level, attends)),
        ];
        score = new Conv(store, $"{name}.score", features, outputs, Size3.One, Initializer.UniformLike(features), hasBias: true);
    }

    /// <param name="pass">The pass.</param>
    /// <param name="bottom">Of the bottleneck; left alone.</param>
    /// <param name="skips">Of its own encoder, finest first; left alone.</param>
    /// <param name="others">Of the encoder that it looks at; left alone.</param>
    public Variable Forward(InstanceNormPass pass, Variable bottom, Variable[] skips, Variable[]? others = null)
    {
        Variable x = bottom;
        for (int level = levels.Length - 1; level >= 0; level--)
        {
            Variable y = levels[level].Forward(pass, x, skips[level], others?[level]);
            if (x != bottom)
                Tape.Release(x);
            x = y;
        }

        Variable result = score.Forward(pass.Context, x);
        Tape.Release(x);
        return result;
    }

    private sealed class Level
    {
        private readonly TransposedConv up;
        private readonly ConvPair2D pair;
        private readonly Conv? attention,
            share;

        public Level(ParameterStore store, string name, int channels, bool attends)
        {
            if (attends)
            {
                attention = new Conv(
                    store,
                    $"{name}.attention",
                    channels,
                    channels,
                    Size3.Planar(3),
                    Initializer.UniformLike(9 * channels),
                    hasBias: true
                );
                share = ConvPair2D.Convolution(store, $"{name}.share", channels, channels);
            }

            up = new TransposedConv(
                store,
                $"{name}.up",
                2 * channels,
                channels,
                Size3.Planar(2),
                Size3.Planar(2),
                Initializer.UniformLike(4 * channels),
                hasBias: true
            );
            pair = new ConvPair2D(store, name, 2 * channels, channels);
        }

        public Variable Forward(InstanceNormPass pass, Variable x, Variable own, Variable? other)
        {
            Variable skip = attention is null || share is null || other is null ? own : Fuse(pass, attention, share, own, other),
                upsampled = up.Forward(pass.Context, x),
                y = pair.Forward(pass, new ConvolutionPart(skip), new ConvolutionPart(upsampled));
            Tape.Release(upsampled);
            if (skip != own)
                Tape.Release(skip);
            return y;
        }

        private static Variable Fuse(InstanceNormPass pass, Conv attention, Conv share, Variable own, Variable other)
        {
            Tape tape = pass.Tape;
            Variable scores = attention.Forward(pass.Context, other),
                weights = tape.Sigmoid(scores),
                features = pass.Activate(pass.Convolve(share, new ConvolutionPart(other))),
                gated = tape.Multiply(features, weights),
                fused = tape.Add(own, gated);
            foreach (Variable used in new[] { scores, weights, features, gated })
                Tape.Release(used);
            return fused;
        }
    }
}
