namespace UnpairedSegEngine.Imaging.Metrics;

/// <summary>Where a structure is to be seen.</summary>
public enum StructurePresence
{
    /// <summary>In prediction and reference.</summary>
    Both,

    /// <summary>In neither: no score says anything.</summary>
    Absent,

    /// <summary>In the reference only: overlaps are 0 and distances do not exist.</summary>
    Missed,

    /// <summary>In the prediction only: overlaps are 0 and distances do not exist.</summary>
    Hallucinated,
}

/// <summary>
/// How well one structure was segmented. Scores that do not exist are null; see <see cref="StructurePresence"/>.
/// </summary>
/// <param name="Presence">Where it is to be seen.</param>
/// <param name="Dice">2 |A and B| / (|A| + |B|).</param>
/// <param name="Iou">|A and B| / |A or B|.</param>
/// <param name="HausdorffMm">Hausdorff distance of the surfaces.</param>
/// <param name="Hausdorff95Mm">The larger of both directions' 95th percentiles.</param>
/// <param name="AssdMm">Average symmetric surface distance.</param>
/// <param name="Nsd">Share of both surfaces within the tolerance of the other.</param>
/// <param name="VolumeDifference">(predicted - reference) / reference; null without a reference.</param>
/// <param name="PredictedMl">Predicted volume, ml.</param>
/// <param name="ReferenceMl">Reference volume, ml.</param>
/// <param name="PenaltyMm">What a missed or hallucinated structure counts as in the penalized distances: the diagonal of the
/// volume; null where no surfaces were compared.</param>
public sealed record StructureScores(
    StructurePresence Presence,
    double? Dice,
    double? Iou,
    double? HausdorffMm,
    double? Hausdorff95Mm,
    double? AssdMm,
    double? Nsd,
    double? VolumeDifference,
    double PredictedMl,
    double ReferenceMl,
    double? PenaltyMm = null
)
{
    /// <summary>What the scores are, in the order of their columns.</summary>
    public static IReadOnlyList<ScoreDefinition> Metrics { get; } =
    [
        new("dice", ScoreKind.Overlap, "2 |A and B| / (|A| + |B|) over voxels", s => s.Dice),
        new("iou", ScoreKind.Overlap, "|A and B| / |A or B| over voxels", s => s.Iou),
        new(
            "hd_mm",
            ScoreKind.Distance,
            "Hausdorff distance between surface voxels (6-neighbourhood), voxel centres in the world by the header's affine",
            s => s.HausdorffMm
        ),
        new(
            "hd95_mm",
            ScoreKind.Distance,
            "larger of both directions' 95th percentiles of surface distances, linear between ranks, unweighted",
            s => s.Hausdorff95Mm
        ),
        new("assd_mm", ScoreKind.Distance, "mean surface distance over the voxels of both surfaces", s => s.AssdMm),
        new("nsd", ScoreKind.Overlap, "share of both surfaces' voxels within the tolerance of the other surface", s => s.Nsd),
        new("volume_difference", ScoreKind.Overlap, "(predicted - reference) / reference volume", s => s.VolumeDifference),
        new("hd_penalized_mm", ScoreKind.PenalizedDistance, $"hd_mm{Penalty}", s => s.Penalized(s.HausdorffMm)),
        new("hd95_penalized_mm", ScoreKind.PenalizedDistance, $"hd95_mm{Penalty}", s => s.Penalized(s.Hausdorff95Mm)),
        new("assd_penalized_mm", ScoreKind.PenalizedDistance, $"assd_mm{Penalty}", s => s.Penalized(s.AssdMm)),
    ];

    /// <summary>What is done where a structure is not in both maps.</summary>
    public const string EmptyPolicy =
        "absent from both: no score; missed (reference only) or hallucinated (prediction only): dice, iou and nsd are 0, "
        + "distances do not exist and are left out of their means (found only), penalized distances are the diagonal of "
        + "the volume; all three are counted";

    private const string Penalty = ", or the diagonal of the volume where the structure is missed or hallucinated";

    /// <summary>Scores of one class of two label maps on one grid.</summary>
    /// <param name="prediction">Label map.</param>
    /// <param name="reference">Label map; its affine counts.</param>
    /// <param name="label">The class.</param>
    /// <param name="overlap">Voxels of the class in both.</param>
    /// <param name="tolerance">Of the normalized surface Dice, mm; null to leave out all that needs surfaces, which takes
    /// longer.</param>
    public static StructureScores Of(
        Volume<byte> prediction,
        Volume<byte> reference,
        byte label,
        OverlapCounts overlap,
        double? tolerance
    )
    {
        long predicted = overlap.TruePositives + overlap.FalsePositives,
            actual = overlap.TruePositives + overlap.FalseNegatives;
        StructurePresence presence = (predicted > 0, actual > 0) switch
        {
            (true, true) => StructurePresence.Both,
            (true, false) => StructurePresence.Hallucinated,
            (false, true) => StructurePresence.Missed,
            _ => StructurePresence.Absent,
        };
        SurfaceDistances? surfaces =
            tolerance is not null && presence == StructurePresence.Both
                ? SurfaceDistances.Between(prediction, reference, label)
                : null;
        double? nsd =
            presence == StructurePresence.Absent || tolerance is null
                ? null
                : surfaces?.NormalizedSurfaceDice(tolerance.Value) ?? 0;
        double millilitres = Math.Abs(reference.Geometry.Affine.Determinant) / 1000;
        return new StructureScores(
            presence,
            overlap.Dice,
            overlap.Iou,
            surfaces?.Hausdorff,
            surfaces?.Hausdorff95,
            surfaces?.AverageSymmetric,
            nsd,
            actual > 0 ? (predicted - actual) / (double)actual : null,
            predicted * millilitres,
            actual * millilitres,
            tolerance is null ? null : reference.Geometry.Diagonal
        );
    }

    /// <summary>
    /// Null where surfaces were not compared, or by a version that knew no penalty: a mean over found structures must not pass
    /// for a penalized one.
    /// </summary>
    private double? Penalized(double? distance) =>
        Presence switch
        {
            _ when PenaltyMm is null => null,
            StructurePresence.Both => distance,
            StructurePresence.Missed or StructurePresence.Hallucinated => PenaltyMm,
            StructurePresence.Absent => null,
            _ => throw new InvalidOperationException($"no presence {Presence}"),
        };
}
