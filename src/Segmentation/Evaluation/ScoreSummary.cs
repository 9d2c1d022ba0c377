namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>Mean and deviation (n in the denominator) of the cases that have a score.</summary>
/// <param name="Mean">Null where no case has one.</param>
/// <param name="Deviation">Population standard deviation.</param>
/// <param name="Cases">Cases with a score.</param>
/// <param name="Absent">Cases without one.</param>
public sealed record ScoreSummary(double? Mean, double? Deviation, int Cases, int Absent)
{
    /// <summary>Over the scores that are not null.</summary>
    public static ScoreSummary Of(IReadOnlyCollection<double?> scores)
    {
        double[] present = [.. scores.OfType<double>()];
        if (present.Length == 0)
            return new ScoreSummary(null, null, 0, scores.Count);
        double mean = present.Average();
        return new ScoreSummary(
            mean,
            Math.Sqrt(present.Average(score => (score - mean) * (score - mean))),
            present.Length,
            scores.Count - present.Length
        );
    }
}
