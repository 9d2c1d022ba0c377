using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Images and labels by the formulas of <c>unpairedseg bench</c>.</summary>
/// <param name="Images">(batch, channels, positions...).</param>
/// <param name="Labels">(batch, positions...), class indices.</param>
internal sealed record MadeUpImages(Tensor Images, Tensor Labels)
{
    /// <summary>The batch of a modality: <paramref name="samples"/> images from number <paramref name="first"/> on.</summary>
    public static MadeUpImages Of(Options options, int first, int samples)
    {
        long[] shape = options.ImageShape(samples);
        long perImage = shape.Skip(1).Aggregate((a, b) => a * b),
            pixels = perImage / shape[^1];
        long[] labels =
        [
            .. Enumerable.Range((int)(first * pixels), (int)(samples * pixels)).Select(i => i / 11L % PeerNetwork.Classes),
        ];
        return new MadeUpImages(
            options.Layout.Arrange(Layouts.ChannelsSecond(Waves(first * perImage, shape))),
            tensor(labels, dimensions: shape.AsSpan(0, shape.Length - 1))
        );
    }

    /// <summary>Values of any shape, from a number of the sequence on.</summary>
    public static Tensor Waves(long first, params long[] shape)
    {
        int count = (int)shape.Aggregate((a, b) => a * b);
        float[] values = [.. Enumerable.Range((int)first, count).Select(i => MathF.Sin(i * 0.37f))];
        return tensor(values, dimensions: shape);
    }

    /// <summary>The labels as 0 and 1 in the shape of the logits, and laid out like them.</summary>
    public Tensor OneHot(Tensor logits)
    {
        Tensor index = Labels.unsqueeze(1);
        return zeros_like(logits).scatter_(1, index, ones_like(index, logits.dtype));
    }
}
