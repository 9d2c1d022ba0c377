namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Derives the map of one volume from its voxels.</summary>
internal readonly ref struct IntensityFit
{
    /// <summary>Voxels further from the range of the 0.5th to the 99.5th percentile than this many times that range are outliers: hot voxels, not anatomy.</summary>
    private const double OutlierDistance = 20;

    /// <summary>A contrast below this share of the range that the network sees is none.</summary>
    private const double LeastContrast = 0.005;

    /// <summary>Differences below this share of the values themselves are little more than the rounding of float32.</summary>
    private const double LeastVariation = 1e-5;

    /// <summary>The standard deviation that rounding alone may give, as a share of the mean.</summary>
    private const double RoundingDeviation = 1e-7;

    private readonly ReadOnlySpan<float> voxels;
    private readonly IntensityNormalization normalization;
    private readonly VoxelRanks ranks;
    private readonly float? padding;

    /// <param name="voxels">Of one volume, finite, at least one.</param>
    /// <param name="normalization">What is wanted.</param>
    public IntensityFit(ReadOnlySpan<float> voxels, IntensityNormalization normalization)
    {
        this.voxels = voxels;
        this.normalization = normalization;
        ranks = new VoxelRanks(voxels);
        padding = ScannerPadding.Find(ranks);
    }

    /// <summary>The map, and what was odd.</summary>
    public (IntensityMap Map, IntensityFindings Findings) Run() => normalization.Kind switch
    {
        NormalizationKind.None or NormalizationKind.ZScore or NormalizationKind.BodyZScore => WithoutOutliers(),
        NormalizationKind.Window => Examined(Window()),
        NormalizationKind.UnpaddedPercentile when padding is { } value => Examined(Clipped(ranks.Above(value), value), IntensityFindings.PaddingLeftOut),
        NormalizationKind.Percentile or NormalizationKind.UnpaddedPercentile => Examined(Clipped(ranks, float.NegativeInfinity), CountedPadding),
        _ => throw new InvalidOperationException($"no normalization {normalization.Kind}"),
    };

    private IntensityFindings CountedPadding => padding is null ? default : IntensityFindings.PaddingCounted;

    private IntensityMap Window()
    {
        double gain = (normalization.OutputHigh - normalization.OutputLow) / (normalization.High - normalization.Low);
        return new IntensityMap((float)normalization.Low, (float)normalization.High, gain, normalization.OutputLow - (normalization.Low * gain));
    }

    /// <summary>Clipped to the percentiles of some of the voxels, then standardized over those above a threshold.</summary>
    private IntensityMap Clipped(VoxelRanks counted, float above)
    {
        (double low, double high) = counted.Spread(normalization.Low, normalization.High);
        return Standardized((float)low, (float)high, above);
    }

    /// <summary>Without clipping, unless there are outliers: one would take the contrast of all others, in the statistics and in the 16 bits that a prepared case is held in.</summary>
    private (IntensityMap Map, IntensityFindings Findings) WithoutOutliers()
    {
        (double low, double high) = ranks.Spread(0.5, 99.5);
        double margin = OutlierDistance * (high - low);
        float lowest = float.PositiveInfinity, highest = float.NegativeInfinity;
        bool areOutside = false;
        foreach (float voxel in voxels)
        {
            if (voxel < low - margin || voxel > high + margin)
                areOutside = true;
            else
                (lowest, highest) = (Math.Min(lowest, voxel), Math.Max(highest, voxel));
        }

        if (!areOutside)
            (lowest, highest) = (float.NegativeInfinity, float.PositiveInfinity);
        IntensityMap map = normalization.Kind switch
        {
            NormalizationKind.None => IntensityMap.Identity with { Low = lowest, High = highest },
            NormalizationKind.ZScore => Standardized(lowest, highest, above: double.NegativeInfinity),
            _ => Standardized(lowest, highest, above: VoxelMoments.Of(voxels, lowest, highest).Mean),
        };
        IntensityFindings findings = areOutside ? IntensityFindings.OutliersClipped : default;
        return Examined(map, normalization.Kind == NormalizationKind.None ? findings : findings | CountedPadding);
    }

    /// <summary>Zero mean and unit variance over the voxels above a threshold; zero everywhere where they do not vary.</summary>
    private IntensityMap Standardized(float low, float high, double above)
    {
        (double mean, double deviation) = VoxelMoments.Of(voxels, low, high, above);
        double gain = deviation > RoundingDeviation * Math.Abs(mean) ? 1 / deviation : 0;
        return new IntensityMap(low, high, gain, -mean * gain);
    }

    /// <summary>With whether the network sees anything of the volume.</summary>
    private (IntensityMap Map, IntensityFindings Findings) Examined(IntensityMap map, IntensityFindings findings = default)
    {
        double[] ends = ranks.Percentiles(0, 1, 99, 100);
        if (ends[0] == ends[3])
            return (map, findings | IntensityFindings.Constant);
        double range = normalization.Kind == NormalizationKind.Window ? normalization.OutputHigh - normalization.OutputLow : Seen(0, 3);
        bool varies = ends[2] - ends[1] > LeastVariation * Math.Max(Math.Abs(ends[1]), Math.Abs(ends[2]));
        return (map, varies && Seen(1, 2) > LeastContrast * range ? findings : findings | IntensityFindings.NearlyConstant);

        double Seen(int from, int to) => (double)map.Of((float)ends[to]) - map.Of((float)ends[from]);
    }
}
