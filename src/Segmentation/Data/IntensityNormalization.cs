namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// How the intensities of one modality are brought to the range that the network sees. The text form
/// (<see cref="Parse"/>, <see cref="ToString"/>) is what configurations and run folders record, so that prediction
/// treats a volume as training did: <c>none</c>, <c>window(lo,hi)</c> (to 0..1), <c>window(lo,hi,to_lo,to_hi)</c>,
/// <c>zscore</c>, <c>body_zscore</c>, <c>percentile(lower,upper)</c> or <c>unpadded_percentile(lower,upper)</c>. No form lets
/// single hot
/// voxels take the contrast of the others: windows and percentiles clip them, the other forms clip outliers to the range of the
/// rest.
/// </summary>
public sealed record IntensityNormalization
{
    private IntensityNormalization(IntensityNormalizationKind kind) => Kind = kind;

    /// <summary>Intensities stay as they are.</summary>
    public static IntensityNormalization None { get; } = new(IntensityNormalizationKind.None);

    /// <summary>Zero mean, unit variance over all voxels.</summary>
    public static IntensityNormalization ZScore { get; } = new(IntensityNormalizationKind.ZScore);

    /// <summary>Zero mean, unit variance over the voxels above the volume's mean.</summary>
    public static IntensityNormalization BodyZScore { get; } = new(IntensityNormalizationKind.BodyZScore);

    /// <summary>
    /// Clipped at the 0.5th and 99.5th percentile, then zero mean and unit variance; a CT's padding is left out.
    /// </summary>
    public static IntensityNormalization Default { get; } = UnpaddedPercentile(0.5, 99.5);

    /// <summary>Which of the forms this is.</summary>
    public IntensityNormalizationKind Kind { get; }

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
        float.IsFinite((float)low + (float)high + (float)outputLow + (float)outputHigh)
        && (float)low < (float)high
        && outputLow < outputHigh
            ? new(IntensityNormalizationKind.Window)
            {
                Low = low,
                High = high,
                OutputLow = outputLow,
                OutputHigh = outputHigh,
            }
            : throw new ArgumentException(
                Invariant($"window({low},{high},{outputLow},{outputHigh}): expected finite numbers, each range rising")
            );

    /// <summary>Clips at two percentiles, then zero mean and unit variance.</summary>
    /// <exception cref="ArgumentException">Not 0 &lt;= lower &lt; upper &lt;= 100.</exception>
    public static IntensityNormalization Percentile(double lower, double upper) =>
        OfPercentiles(IntensityNormalizationKind.Percentile, lower, upper);

    /// <summary>
    /// The same over the voxels that are no padding of a CT (a frequent value below any Hounsfield number, far from the others);
    /// it becomes what the lower percentile becomes.
    /// </summary>
    /// <exception cref="ArgumentException">Not 0 &lt;= lower &lt; upper &lt;= 100.</exception>
    public static IntensityNormalization UnpaddedPercentile(double lower, double upper) =>
        OfPercentiles(IntensityNormalizationKind.UnpaddedPercentile, lower, upper);

    /// <summary>Reads the text form.</summary>
    /// <exception cref="ArgumentException">The text is none of the forms.</exception>
    public static IntensityNormalization Parse(string text) => NormalizationText.Parse(text);

    /// <summary>The map for one volume, from its voxels where the form needs their statistics.</summary>
    /// <param name="voxels">Finite.</param>
    /// <param name="findings">What a person should know of the volume.</param>
    public IntensityMap Fit(ReadOnlySpan<float> voxels, out IntensityFindings findings)
    {
        (IntensityMap map, findings) = voxels.IsEmpty ? (IntensityMap.Identity, default) : new IntensityFit(voxels, this).Run();
        return map;
    }

    /// <summary>The map for one volume.</summary>
    public IntensityMap Fit(ReadOnlySpan<float> voxels) => Fit(voxels, out _);

    /// <inheritdoc/>
    public override string ToString() =>
        Kind switch
        {
            IntensityNormalizationKind.Window => Invariant($"window({Low:R},{High:R},{OutputLow:R},{OutputHigh:R})"),
            IntensityNormalizationKind.Percentile => Invariant($"percentile({Low:R},{High:R})"),
            IntensityNormalizationKind.UnpaddedPercentile => Invariant($"unpadded_percentile({Low:R},{High:R})"),
            IntensityNormalizationKind.ZScore => "zscore",
            IntensityNormalizationKind.BodyZScore => "body_zscore",
            IntensityNormalizationKind.None => "none",
            _ => throw new InvalidOperationException($"no normalization {Kind}"),
        };

    private static IntensityNormalization OfPercentiles(IntensityNormalizationKind kind, double lower, double upper) =>
        lower >= 0 && lower < upper && upper <= 100
            ? new(kind) { Low = lower, High = upper }
            : throw new ArgumentException(Invariant($"percentile({lower},{upper}): expected 0 <= lower < upper <= 100"));

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
