namespace UnpairedSegEngine.Imaging.Metrics;

/// <summary>What a score measures, which decides what a missed or hallucinated structure does to it.</summary>
public enum ScoreKind
{
    /// <summary>Of voxels or surfaces; 0 where the structure is missed or hallucinated.</summary>
    Overlap,

    /// <summary>
    /// mm; does not exist where the structure is missed or hallucinated, so that its mean is over found ones only.
    /// </summary>
    Distance,

    /// <summary>mm; a penalty where the structure is missed or hallucinated, so that means can be compared.</summary>
    PenalizedDistance,
}

/// <summary>A score as it stands in reports.</summary>
/// <param name="Name">Key and column, such as "hd95_mm".</param>
/// <param name="Kind">What it measures.</param>
/// <param name="Definition">In a line.</param>
/// <param name="Value">Of a structure; null where it does not exist.</param>
public sealed record ScoreDefinition(string Name, ScoreKind Kind, string Definition, Func<StructureScores, double?> Value)
{
    /// <summary>The name as the head of a column of means: says where it leaves structures out.</summary>
    public string Heading => Kind == ScoreKind.Distance ? $"{Name} (found only)" : Name;
}
