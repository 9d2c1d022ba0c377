namespace UnpairedSegEngine.Imaging.Metrics;

/// <summary>Voxels of one class in a prediction and its reference.</summary>
public readonly record struct OverlapCounts(long TruePositives, long FalsePositives, long FalseNegatives)
{
    /// <summary>
    /// 2 TP / (2 TP + FP + FN); null where the class is absent in both, which says nothing about the prediction.
    /// </summary>
    public double? Dice => IsAbsent ? null : 2.0 * TruePositives / ((2.0 * TruePositives) + FalsePositives + FalseNegatives);

    /// <summary>TP / (TP + FP + FN), the Jaccard index; null where the class is absent in both.</summary>
    public double? Iou => IsAbsent ? null : TruePositives / ((double)TruePositives + FalsePositives + FalseNegatives);

    /// <summary>Absent in prediction and reference. Absent in only one of the two gives the value 0.</summary>
    public bool IsAbsent => TruePositives + FalsePositives + FalseNegatives == 0;

    /// <summary>The counts of both regions together, such as those of two slices.</summary>
    public static OverlapCounts operator +(OverlapCounts a, OverlapCounts b) =>
        new(a.TruePositives + b.TruePositives, a.FalsePositives + b.FalsePositives, a.FalseNegatives + b.FalseNegatives);
}
