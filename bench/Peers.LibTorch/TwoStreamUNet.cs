using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// UAGAN's generator as a TorchSharp user would write it, layer by layer that of <c>Segmentation.Networks.TwoStreamUNet2D</c>:
/// 60,442,755 parameters at 64 features, 3 modalities and 2 classes.
/// </summary>
internal sealed class TwoStreamUNet
{
    private const int Halvings = 4;
    private const double Slope = 0.01;

    private readonly int modalities;
    private readonly Func<Tensor, Tensor> center;
    private readonly Func<Tensor, Tensor>[] segmentationEncoder,
        translationEncoder;
    private readonly Decoder segmentationDecoder,
        translationDecoder;

    public TwoStreamUNet(PeerParameters parameters, int features, int modalities, int classes)
    {
        (Parameters, this.modalities) = (parameters, modalities);
        segmentationEncoder = Encoder(1);
        translationEncoder = Encoder(1 + modalities);
        center = Pair(parameters, features << (Halvings - 1), features << Halvings);
        segmentationDecoder = new Decoder(parameters, features, classes);
        translationDecoder = new Decoder(parameters, features, 1);

        Func<Tensor, Tensor>[] Encoder(int inputs) =>
            [
                .. Enumerable
                    .Range(0, Halvings)
                    .Select(level => Pair(parameters, level == 0 ? inputs : features << (level - 1), features << level)),
            ];
    }

    public PeerParameters Parameters { get; }

    /// <summary>Images (batch, 1, height, width) to logits, and images of the target modalities.</summary>
    public (Tensor Logits, Tensor Translation) Forward(Tensor images, Tensor targets)
    {
        Tensor planes = one_hot(targets, modalities)
            .to(ScalarType.Float32)
            .reshape(targets.numel(), modalities, 1, 1)
            .expand(-1, -1, images.shape[2], images.shape[3]);
        (Tensor[] ofSegmentation, Tensor bottomOfSegmentation) = Encode(segmentationEncoder, images);
        (Tensor[] ofTranslation, Tensor bottomOfTranslation) = Encode(translationEncoder, cat([images, planes], 1));
        Tensor[] deepest = center(cat([bottomOfSegmentation, bottomOfTranslation], 0)).chunk(2, 0);
        return (
            segmentationDecoder.Forward(deepest[0], ofSegmentation, ofTranslation),
            translationDecoder.Forward(deepest[1], ofTranslation, ofSegmentation)
        );
    }

    private static (Tensor[] Skips, Tensor Bottom) Encode(Func<Tensor, Tensor>[] levels, Tensor images)
    {
        var skips = new Tensor[Halvings];
        Tensor x = images;
        for (int level = 0; level < Halvings; level++)
        {
            Tensor y = levels[level](x);
            x = max_pool2d(y, [2, 2]);
            skips[level] = level < Halvings - 1 ? y : dropout(y, 0.5);
        }

        return (skips, x);
    }

    private static Func<Tensor, Tensor> Pair(PeerParameters parameters, int inputs, int outputs)
    {
        Func<Tensor, Tensor> first = Unit(parameters, inputs, outputs),
            second = Unit(parameters, outputs, outputs);
        return x => second(first(x));
    }

    /// <summary>Convolution with bias, instance normalization without parameters, leaky ReLU.</summary>
    private static Func<Tensor, Tensor> Unit(PeerParameters parameters, int inputs, int outputs)
    {
        Func<Tensor, Tensor> convolution = Conv(parameters, inputs, outputs, 3);
        return x => Scoped.Run(() => leaky_relu(instance_norm(convolution(x)), Slope, inplace: true));
    }

    private static Func<Tensor, Tensor> Conv(PeerParameters parameters, int inputs, int outputs, int size)
    {
        Parameter kernel = parameters.Kernel(outputs, inputs, size, size),
            bias = parameters.Vector(outputs, 0);
        return x => conv2d(x, kernel, bias, padding: [size / 2, size / 2]);
    }

    /// <summary>The way up, which looks at the other encoder's skip connections.</summary>
    private sealed class Decoder
    {
        private readonly Func<Tensor, Tensor, Tensor, Tensor>[] levels;
        private readonly Func<Tensor, Tensor> score;

        public Decoder(PeerParameters parameters, int features, int outputs)
        {
            levels = [.. Enumerable.Range(0, Halvings).Select(level => Level(parameters, features << level))];
            score = Conv(parameters, features, outputs, 1);
        }

        public Tensor Forward(Tensor bottom, Tensor[] own, Tensor[] others)
        {
            Tensor x = bottom;
            for (int level = Halvings - 1; level >= 0; level--)
                x = levels[level](x, own[level], others[level]);
            return score(x);
        }

        private static Func<Tensor, Tensor, Tensor, Tensor> Level(PeerParameters parameters, int channels)
        {
            Func<Tensor, Tensor> attention = Conv(parameters, channels, channels, 3),
                share = Unit(parameters, channels, channels),
                pair = Pair(parameters, 2 * channels, channels);
            Parameter up = parameters.Kernel(2 * channels, channels, 2, 2),
                bias = parameters.Vector(channels, 0);
            return (x, own, other) =>
                Scoped.Run(() =>
                {
                    Tensor fused = own + (share(other) * attention(other).sigmoid());
                    return pair(cat([fused, conv_transpose2d(x, up, bias, strides: [2, 2])], 1));
                });
        }
    }
}
