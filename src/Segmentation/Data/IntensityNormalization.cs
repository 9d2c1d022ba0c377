using System.Globalization;
using System.Text.RegularExpressions;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// How the intensities of one modality are brought to the range that the network sees. The text form
/// (<see cref="Parse"/>, <see cref="ToString"/>) is what configurations and run folders record, so that prediction
/// treats a volume as training did: <c>none</c>, <c>window(lo,hi)</c> (to 0..1), <c>window(lo,hi,to_lo,to_hi)</c>,
/// <c>zscore</c>, <c>body_zscore</c> or <c>percentile(lower,upper)</c>.
/// </summary>
public sealed partial record IntensityNormalization
{
    private const int HistogramBins = 1 << 16;
    private const double SmallestDeviation = 1e-6;

    private IntensityNormalization(NormalizationKind kind) => Kind = kind;

    /// <summary>Intensities stay as they are.</summary>
    public static IntensityNormalization None { get; } = new(NormalizationKind.None);

    /// <summary>Zero mean, unit variance over all voxels.</summary>
    public static IntensityNormalization ZScore { get; } = new(NormalizationKind.ZScore);

    /// <summary>Zero mean, unit variance over the voxels above the volume's mean.</summary>
    public static IntensityNormalization BodyZScore { get; } = new(NormalizationKind.BodyZScore);

    /// <summary>Clipped at the 0.5th and 99.5th percentile, then zero mean and unit variance.</summary>
    public static IntensityNormalization Default { get; } = Percentile(0.5, 99.5);

    /// <summary>Which of the forms this is.</summary>
    public NormalizationKind Kind { get; }

    /// <summary>Lower end of the window (intensity) or lower percentile (0..100).</summary>
    public double Low { get; private init; }

    /// <summary>Upper end of the window (intensity) or upper percentile (0..100).</summary>
    public double High { get; private init; }

    /// <summary>What the window's lower end becomes.</summary>
    public double OutputLow { get; private init; }

    /// <summary>What the window's upper end becomes.</summary>
    public double OutputHigh { get; private init; }

    /// <summary>Clips to [low, high] and maps that range linearly to [outputLow, outputHigh].</summary>
    /// <exception cref="ArgumentException">A range is empty or not finite.</exception>
    public static IntensityNormalization Window(double low, double high, double outputLow = 0, double outputHigh = 1) =>
        double.IsFinite(low + high + outputLow + outputHigh) && low < high && outputLow < outputHigh
            ? new(NormalizationKind.Window) { Low = low, High = high, OutputLow = outputLow, OutputHigh = outputHigh }
            : throw new ArgumentException(Invariant($"window({low},{high},{outputLow},{outputHigh}): expected finite numbers, each range rising"));

    /// <summary>Clips at two percentiles, then zero mean and unit variance.</summary>
    /// <exception cref="ArgumentException">Not 0 &lt;= lower &lt; upper &lt;= 100.</exception>
    public static IntensityNormalization Percentile(double lower, double upper) =>
        lower >= 0 && lower < upper && upper <= 100
            ? new(NormalizationKind.Percentile) { Low = lower, High = upper }
            : throw new ArgumentException(Invariant($"percentile({lower},{upper}): expected 0 <= lower < upper <= 100"));

    /// <summary>Reads the text form.</summary>
    /// <exception cref="ArgumentException">The text is none of the forms.</exception>
    public static IntensityNormalization Parse(string text)
    {
        Match match = TextForm().Match(text);
        double[] numbers = [.. match.Groups["number"].Captures.Select(c => double.Parse(c.ValueSpan, CultureInfo.InvariantCulture))];
        return (match.Groups["name"].Value, numbers) switch
        {
            ("none", []) => None,
            ("zscore", []) => ZScore,
            ("body_zscore", []) => BodyZScore,
            ("window", [double low, double high]) => Window(low, high),
            ("window", [double low, double high, double outputLow, double outputHigh]) => Window(low, high, outputLow, outputHigh),
            ("percentile", [double lower, double upper]) => Percentile(lower, upper),
            _ => throw new ArgumentException(
                $"'{text}' is no normalization: expected none, zscore, body_zscore, window(lo,hi), window(lo,hi,to_lo,to_hi) or percentile(lower,upper)"),
        };
    }

    /// <summary>The map for one volume, from its voxels where the form needs their statistics.</summary>
    public IntensityMap Fit(ReadOnlySpan<float> voxels)
    {
        switch (Kind)
        {
            case NormalizationKind.Window:
                double gain = (OutputHigh - OutputLow) / (High - Low);
                return new IntensityMap((float)Low, (float)High, (float)gain, (float)(OutputLow - (Low * gain)));
            case NormalizationKind.ZScore:
                return Standardize(voxels, float.NegativeInfinity, float.PositiveInfinity, above: double.NegativeInfinity);
            case NormalizationKind.BodyZScore:
                double mean = Moments(voxels, float.NegativeInfinity, float.PositiveInfinity, double.NegativeInfinity).Mean;
                return Standardize(voxels, float.NegativeInfinity, float.PositiveInfinity, above: mean);
            case NormalizationKind.Percentile:
                (float low, float high) = Percentiles(voxels, Low / 100, High / 100);
                return Standardize(voxels, low, high, above: double.NegativeInfinity);
            default:
                return IntensityMap.Identity;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        NormalizationKind.Window => Invariant($"window({Low:R},{High:R},{OutputLow:R},{OutputHigh:R})"),
        NormalizationKind.Percentile => Invariant($"percentile({Low:R},{High:R})"),
        NormalizationKind.ZScore => "zscore",
        NormalizationKind.BodyZScore => "body_zscore",
        _ => "none",
    };

    private static IntensityMap Standardize(ReadOnlySpan<float> voxels, float low, float high, double above)
    {
        (double mean, double deviation) = Moments(voxels, low, high, above);
        double gain = 1 / Math.Max(deviation, SmallestDeviation);
        return new IntensityMap(low, high, (float)gain, (float)(-mean * gain));
    }

    private static (double Mean, double Deviation) Moments(ReadOnlySpan<float> voxels, float low, float high, double above)
    {
        double sum = 0, squares = 0;
        long count = 0;
        foreach (float voxel in voxels)
        {
            if (voxel > above)
            {
                double value = Math.Clamp(voxel, low, high);
                sum += value;
                squares += value * value;
                count++;
            }
        }
        double mean = count == 0 ? 0 : sum / count;
        return (mean, count == 0 ? 0 : Math.Sqrt(Math.Max(0, (squares / count) - (mean * mean))));
    }

    /// <summary>Percentiles from a histogram of 65,536 bins between minimum and maximum: within one bin of the exact ones.</summary>
    private static (float Low, float High) Percentiles(ReadOnlySpan<float> voxels, double lower, double upper)
    {
        float minimum = float.PositiveInfinity, maximum = float.NegativeInfinity;
        foreach (float voxel in voxels)
        {
            minimum = Math.Min(minimum, voxel);
            maximum = Math.Max(maximum, voxel);
        }
        if (!(minimum < maximum))
        {
            return (minimum, maximum);
        }
        var histogram = new long[HistogramBins];
        double binsPerUnit = (HistogramBins - 1) / ((double)maximum - minimum);
        foreach (float voxel in voxels)
        {
            histogram[(int)(((double)voxel - minimum) * binsPerUnit)]++;
        }
        return (ValueAt(lower * (voxels.Length - 1)), ValueAt(upper * (voxels.Length - 1)));

        float ValueAt(double rank)
        {
            long below = 0;
            int bin = 0;
            while (below + histogram[bin] <= rank)
            {
                below += histogram[bin++];
            }
            return (float)(minimum + (bin / binsPerUnit));
        }
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private const string Number = @"\s*(?<number>-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?)\s*";

    [GeneratedRegex(@"^\s*(?<name>[a-z_]+)\s*(\(" + Number + "(," + Number + @")*\))?\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex TextForm();
}
