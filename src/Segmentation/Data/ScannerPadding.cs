namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// The value that scanners and programs fill up the corners of a CT with, around the circle that was reconstructed: -3024, -2000,
/// -32768.
/// </summary>
internal static class ScannerPadding
{
    /// <summary>No Hounsfield number is lower.</summary>
    private const float LowestHounsfield = -1024;

    /// <summary>Less of it moves no statistic: percentiles clip it.</summary>
    public const double LeastPercent = 0.5;

    /// <summary>Distance to the other voxels, as a share of their range.</summary>
    private const double LeastGap = 0.25;

    /// <summary>
    /// The padding of a volume: a value below any Hounsfield number that is frequent, the lowest but for outliers, and far below
    /// the voxels that are greater. Null where there is none.
    /// </summary>
    /// <param name="voxels">Of the volume.</param>
    /// <param name="lowPercentile">Their percentile <see cref="LeastPercent"/>.</param>
    public static float? Find(VoxelRanks voxels, double lowPercentile)
    {
        var value = (float)lowPercentile;
        if (!(value < LowestHounsfield))
            return null;
        VoxelRanks others = voxels.Above(value);
        int same = voxels.Count - voxels.Without(value).Count;
        if (same < LeastPercent / 100 * voxels.Count || others.Count == 0)
            return null;
        double[] range = others.Percentiles(1, 99);
        return range[0] < range[1] && range[0] - value >= LeastGap * (range[1] - range[0]) ? value : null;
    }
}
