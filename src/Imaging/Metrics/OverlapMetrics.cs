namespace UnpairedSegEngine.Imaging.Metrics;

/// <summary>
/// Dice and IoU per class between label maps. Counts of several slices or volumes can be added before the scores are taken.
/// </summary>
public sealed class OverlapMetrics
{
    private readonly OverlapCounts[] counts;

    /// <param name="classes">Number of classes with the background, which is class 0.</param>
    public OverlapMetrics(int classes)
    {
        if (classes is < 1 or > 256)
            throw new ArgumentOutOfRangeException(nameof(classes), classes, "a label map has 1 to 256 classes");
        counts = new OverlapCounts[classes];
    }

    /// <summary>Counts per class, the background first.</summary>
    public IReadOnlyList<OverlapCounts> Counts => counts;

    /// <summary>How many classes but the background have no score because neither map holds them.</summary>
    public int AbsentClasses => counts.Skip(1).Count(c => c.IsAbsent);

    /// <summary>Mean Dice over the classes but the background that have a score; null where none has.</summary>
    public double? MeanDice => counts.Skip(1).Select(c => c.Dice).Average();

    /// <summary>Scores of two label maps on grids of the same shape.</summary>
    public static OverlapMetrics Between(Volume<byte> prediction, Volume<byte> reference, int classes)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentNullException.ThrowIfNull(reference);
        if (!prediction.Geometry.SameShape(reference.Geometry))
            throw new ArgumentException(
                $"prediction of {prediction.Geometry.ShapeText()} against a reference of {reference.Geometry.ShapeText()}"
            );
        var metrics = new OverlapMetrics(classes);
        metrics.Add(prediction.Voxels, reference.Voxels);
        return metrics;
    }

    /// <summary>
    /// Adds the voxels of two label maps. Reference labels outside the classes are left out, as they are in the loss.
    /// </summary>
    /// <exception cref="ArgumentException">Maps of different lengths, or a predicted label outside the classes.</exception>
    public void Add(ReadOnlySpan<byte> prediction, ReadOnlySpan<byte> reference)
    {
        if (prediction.Length != reference.Length)
            throw new ArgumentException($"prediction of {prediction.Length} voxels against a reference of {reference.Length}");
        var confusion = new long[counts.Length, counts.Length];
        for (var i = 0; i < prediction.Length; i++)
        {
            if (reference[i] >= counts.Length)
                continue;
            if (prediction[i] >= counts.Length)
                throw new ArgumentException(
                    $"predicted label {prediction[i]} at voxel {i}, expected less than {counts.Length}",
                    nameof(prediction)
                );
            confusion[prediction[i], reference[i]]++;
        }

        for (var c = 0; c < counts.Length; c++)
        {
            var others = Enumerable.Range(0, counts.Length).Where(other => other != c).ToArray();
            counts[c] += new OverlapCounts(confusion[c, c], others.Sum(o => confusion[c, o]), others.Sum(o => confusion[o, c]));
        }
    }
}
