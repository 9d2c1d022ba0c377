namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Derives the map of one volume from its voxels.</summary>
internal readonly ref struct IntensityFit
{
    /// <summary>
    /// Voxels further from the range of the 0.5th to the 99.5th percentile than this many times that range are outliers: hot
    /// voxels, not anatomy.
    /// </summary>
    private const double OutlierDistance = 20;

    /// <summary>A contrast below this share of the range that the network sees is none.</summary>
    private const double LeastContrast = 0.005;

    /// <summary>Voxels that differ by less than this share of their values show noise or rounding.</summary>
    private const double LeastVariation = 1e-3;

    /// <summary>The standard deviation that rounding alone may give, as a share of the mean.</summary>
    private const double RoundingDeviation = 1e-7;

    private readonly ReadOnlySpan<float> voxels;
    private readonly IntensityNormalization normalization;
    private readonly VoxelRanks ranks;
    private readonly float? padding;

    /// <summary>Percentiles 0, 0.5, 1, 99, 99.5 and 100.</summary>
    private readonly double lowest,
        low,
        nearLow,
        nearHigh,
        high,
        highest;

    /// <param name="voxels">Of one volume, finite, at least one.</param>
    /// <param name="normalization">What is wanted.</param>
    public IntensityFit(ReadOnlySpan<float> voxels, IntensityNormalization normalization)
    {
        this.voxels = voxels;
        this.normalization = normalization;
        ranks = new VoxelRanks(voxels);
        double[] found = ranks.Percentiles(0, ScannerPadding.LeastPercent, 1, 99, 100 - ScannerPadding.LeastPercent, 100);
        (lowest, low, nearLow, nearHigh, high, highest) = (found[0], found[1], found[2], found[3], found[4], found[5]);
        padding = ScannerPadding.Find(ranks, low);
    }

    /// <summary>The map, and what was odd.</summary>
    public (IntensityMap Map, IntensityFindings Findings) Run() =>
        normalization.Kind switch
        {
            IntensityNormalizationKind.None or IntensityNormalizationKind.ZScore or IntensityNormalizationKind.BodyZScore =>
                WithoutOutliers(),
            IntensityNormalizationKind.Window => Examined(Window()),
            IntensityNormalizationKind.UnpaddedPercentile when padding is { } value => Examined(
                Clipped(ranks.Above(value), value),
                IntensityFindings.PaddingLeftOut
            ),
            IntensityNormalizationKind.Percentile or IntensityNormalizationKind.UnpaddedPercentile => Examined(
                Clipped(ranks, float.NegativeInfinity),
                CountedPadding
            ),
            _ => throw new InvalidOperationException($"no normalization {normalization.Kind}"),
        };

    private IntensityFindings CountedPadding => padding is null ? default : IntensityFindings.PaddingCounted;

    private IntensityMap Window()
    {
        double gain = (normalization.OutputHigh - normalization.OutputLow) / (normalization.High - normalization.Low);
        return new IntensityMap(
            (float)normalization.Low,
            (float)normalization.High,
            gain,
            normalization.OutputLow - (normalization.Low * gain)
        );
    }

    /// <summary>Clipped to the percentiles of some of the voxels, then standardized over those above a threshold.</summary>
    private IntensityMap Clipped(VoxelRanks counted, float above)
    {
        (double from, double to) = counted.Spread(normalization.Low, normalization.High);
        return Standardized((float)from, (float)to, above);
    }

    /// <summary>
    /// Without clipping, unless there are outliers: one would take the contrast of all others, in the statistics and in the 16
    /// bits that a prepared case is held in. They count in no statistic.
    /// </summary>
    private (IntensityMap Map, IntensityFindings Findings) WithoutOutliers()
    {
        (float from, float to) = Inliers();
        double belowAll = Math.BitDecrement((double)from);
        IntensityMap map = normalization.Kind switch
        {
            IntensityNormalizationKind.None => IntensityMap.Identity with { Low = from, High = to },
            IntensityNormalizationKind.ZScore => Standardized(from, to, belowAll, upTo: to),
            IntensityNormalizationKind.BodyZScore => Standardized(
                from,
                to,
                VoxelMoments.Of(voxels, from, to, belowAll, upTo: to).Mean,
                upTo: to
            ),
            _ => throw new InvalidOperationException($"{normalization} clips by itself"),
        };
        IntensityFindings findings = float.IsFinite(from) ? IntensityFindings.OutliersClipped : default;
        return Examined(map, normalization.Kind == IntensityNormalizationKind.None ? findings : findings | CountedPadding);
    }

    /// <summary>The range of the voxels that are no outliers; infinite where none are.</summary>
    private (float From, float To) Inliers()
    {
        (double from, double to) =
            low < high ? (low, high) : ranks.Spread(ScannerPadding.LeastPercent, 100 - ScannerPadding.LeastPercent);
        double margin = OutlierDistance * (to - from);
        if (lowest >= from - margin && highest <= to + margin)
            return (float.NegativeInfinity, float.PositiveInfinity);
        float least = float.PositiveInfinity,
            most = float.NegativeInfinity;
        foreach (float voxel in voxels)
        {
            if (voxel >= from - margin && voxel <= to + margin)
                (least, most) = (Math.Min(least, voxel), Math.Max(most, voxel));
        }

        return (least, most);
    }

    /// <summary>
    /// Clipped, then zero mean and unit variance over the voxels above a threshold, up to another; zero everywhere where they do
    /// not vary.
    /// </summary>
    private IntensityMap Standardized(float from, float to, double above, double upTo = double.PositiveInfinity)
    {
        (double mean, double deviation) = VoxelMoments.Of(voxels, from, to, above, upTo);
        double gain = deviation > RoundingDeviation * Math.Abs(mean) ? 1 / deviation : 0;
        return new IntensityMap(from, to, gain, -mean * gain);
    }

    /// <summary>With whether the network sees anything of the volume.</summary>
    private (IntensityMap Map, IntensityFindings Findings) Examined(IntensityMap map, IntensityFindings findings = default)
    {
        if (lowest == highest)
            return (map, findings | IntensityFindings.Constant);
        double range =
            normalization.Kind == IntensityNormalizationKind.Window
                ? normalization.OutputHigh - normalization.OutputLow
                : Seen(highest) - Seen(lowest);
        bool varies = nearHigh - nearLow > LeastVariation * Math.Max(Math.Abs(nearLow), Math.Abs(nearHigh));
        return (
            map,
            varies && Seen(nearHigh) - Seen(nearLow) > LeastContrast * range
                ? findings
                : findings | IntensityFindings.NearlyConstant
        );

        double Seen(double intensity) => map.Of((float)intensity);
    }
}
