namespace UnpairedSegEngine.Experiments;

/// <summary>The main score of two variants in a group, such as a modality.</summary>
/// <param name="Group">Its name.</param>
/// <param name="First">By seed, then by case.</param>
/// <param name="Second">The same of the other.</param>
internal sealed record ComparedScores(
    string Group,
    IReadOnlyDictionary<long, IReadOnlyDictionary<string, double>> First,
    IReadOnlyDictionary<long, IReadOnlyDictionary<string, double>> Second
)
{
    /// <summary>Seeds that both have.</summary>
    public IReadOnlyList<long> Seeds { get; } = [.. First.Keys.Intersect(Second.Keys).Order()];

    /// <summary>First minus second, of seeds and cases that both have.</summary>
    public PairedDifferences Differences() =>
        new([
            .. Seeds.Select(seed =>
                First[seed]
                    .Where(score => Second[seed].ContainsKey(score.Key))
                    .ToDictionary(score => score.Key, score => score.Value - Second[seed][score.Key])
            ),
        ]);

    /// <summary>The mean of one of both over the seeds, each by its mean over cases; null where there is none.</summary>
    public double? MeanOf(IReadOnlyDictionary<long, IReadOnlyDictionary<string, double>> scores)
    {
        double[] seeds = [.. Seeds.Where(seed => scores[seed].Count > 0).Select(seed => scores[seed].Values.Average())];
        return seeds.Length == 0 ? null : seeds.Average();
    }
}
