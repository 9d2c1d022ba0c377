using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// The 3D U-Net as a TorchSharp user would write it; layer by layer that of <c>Segmentation.Networks.UNet3D</c> as published.
/// </summary>
internal sealed class UNet3D : PeerNetwork
{
    private const int Levels = 4;

    private readonly Func<Tensor, Pass, Tensor>[] encoder = new Func<Tensor, Pass, Tensor>[Levels];
    private readonly Func<Tensor, Pass, Tensor>[] upsampling = new Func<Tensor, Pass, Tensor>[Levels - 1],
        decoder = new Func<Tensor, Pass, Tensor>[Levels - 1];
    private readonly Convolution logits;

    public UNet3D(PeerParameters parameters, int f)
        : base(parameters)
    {
        for (int level = 0; level < Levels; level++)
            encoder[level] = Pair(level, level == 0 ? 1 : f << level, f << level, 2 * f << level);

        int channels = f << Levels;
        for (int level = Levels - 2; level >= 0; level--)
        {
            int skip = 2 * f << level,
                upsampled = level == Levels - 2 ? channels / 2 : channels;
            upsampling[level] = Upsampling(level + 1, channels, upsampled);
            decoder[level] = Pair(level, upsampled + skip, skip, skip);
            channels = skip;
        }

        logits = new Convolution(parameters.Kernel(Classes, channels, 1, 1, 1), parameters.Vector(Classes, 0));
    }

    /// <summary>Taps along the depth of a level's kernels, of height and width 3.</summary>
    public static long DepthTaps(int level) => level < 2 ? 3 : 1;

    /// <summary>Kernels but the first and the last, the first, logits with bias; gamma and beta of both modalities.</summary>
    public override long ExpectedParameters(long f) => (8586 * f * f) + (27 * f) + (2 * f * Classes) + Classes + (4 * 93 * f);

    public override Tensor Forward(Tensor images, Pass pass) => Scoped.Run(() => Logits(images, pass));

    private Tensor Logits(Tensor images, Pass pass)
    {
        var skips = new Stack<Tensor>();
        Tensor x = images;
        for (int level = 0; level < Levels - 1; level++)
        {
            skips.Push(encoder[level](x, pass));
            x = max_pool3d(skips.Peek(), [2, 2, 2]);
        }

        x = encoder[^1](x, pass);
        for (int level = Levels - 2; level >= 0; level--)
        {
            Tensor below = x;
            x = Scoped.Run(() => decoder[level](Scoped.Run(() => cat([upsampling[level](below, pass), skips.Pop()], 1)), pass));
            below.Dispose();
        }

        return logits.Forward(x);
    }

    private Func<Tensor, Pass, Tensor> Pair(int level, int inputs, int middle, int outputs)
    {
        Func<Tensor, Pass, Tensor> first = Unit(level, inputs, middle),
            second = Unit(level, middle, outputs);
        return (x, pass) => second(first(x, pass), pass);
    }

    private Func<Tensor, Pass, Tensor> Unit(int level, int inputs, int outputs) =>
        Normalized(new Convolution(Parameters.Kernel(outputs, inputs, DepthTaps(level), 3, 3)), outputs);

    private Func<Tensor, Pass, Tensor> Upsampling(int level, int inputs, int outputs) =>
        Normalized(new TransposedConvolution(Parameters.Kernel(inputs, outputs, DepthTaps(level), 3, 3)), outputs);

    private Func<Tensor, Pass, Tensor> Normalized(IConvolution convolution, int outputs)
    {
        var norm = new ModalityNorm(Parameters, outputs);
        return (x, pass) => Scoped.Run(() => norm.Forward(convolution.Forward(x), pass));
    }
}
