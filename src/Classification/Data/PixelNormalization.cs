namespace UnpairedSegEngine.Classification.Data;

/// <summary>How bytes become what a network sees: (byte / 255 - mean) / deviation, of each channel.</summary>
/// <param name="Mean">Of each channel, 0 to 1.</param>
/// <param name="Deviation">Of each channel, above 0.</param>
public sealed record PixelNormalization(IReadOnlyList<double> Mean, IReadOnlyList<double> Deviation)
{
    /// <summary>A channel of one value everywhere has no deviation to divide by.</summary>
    private const double SmallestDeviation = 1.0 / 255;

    private readonly float[][] tables =
    [
        .. Mean.Zip(
            Deviation,
            (mean, deviation) => Enumerable.Range(0, 256).Select(value => (float)(((value / 255.0) - mean) / deviation)).ToArray()
        ),
    ];

    /// <summary>By mean and population deviation over all pixels of a set.</summary>
    public static PixelNormalization Of(ImageSet images)
    {
        int channels = images.Shape.Channels;
        long[] sums = new long[channels],
            squares = new long[channels];
        for (int image = 0; image < images.Count; image++)
        {
            ReadOnlySpan<byte> pixels = images.Pixels(image);
            for (int i = 0; i < pixels.Length; i++)
            {
                sums[i % channels] += pixels[i];
                squares[i % channels] += pixels[i] * pixels[i];
            }
        }

        double count = (double)images.Count * images.Shape.Height * images.Shape.Width;
        double[] means = [.. sums.Select(sum => sum / count)];
        return new PixelNormalization(
            [.. means.Select(mean => mean / 255)],
            [
                .. squares.Zip(
                    means,
                    (square, mean) => Math.Max(Math.Sqrt(Math.Max((square / count) - (mean * mean), 0)) / 255, SmallestDeviation)
                ),
            ]
        );
    }

    /// <summary>What the network sees of a byte.</summary>
    public float Value(byte pixel, int channel) => tables[channel][pixel];

    /// <summary>A whole image.</summary>
    /// <param name="pixels">(height, width, channels).</param>
    /// <param name="values">Receives as many.</param>
    public void Apply(ReadOnlySpan<byte> pixels, Span<float> values)
    {
        for (int i = 0; i < pixels.Length; i++)
            values[i] = tables[i % tables.Length][pixels[i]];
    }
}
