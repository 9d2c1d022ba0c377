using UnpairedSegEngine.Imaging.Metrics;

namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>One organ in the cases of one modality.</summary>
/// <param name="Scores">By the names of <see cref="StructureScores.Metrics"/>. Means of distances are over found structures only;
/// those of penalized ones over all.</param>
/// <param name="Absent">Cases that show it neither in prediction nor in reference.</param>
/// <param name="Missed">Cases that show it in the reference only.</param>
/// <param name="Hallucinated">Cases that show it in the prediction only.</param>
public sealed record OrganSummary(IReadOnlyDictionary<string, ScoreSummary> Scores, int Absent, int Missed, int Hallucinated);

/// <summary>
/// Scores over whole volumes on their own grids, per case, organ and modality; <see cref="StructureScores"/> defines them and
/// says what holds for empty masks.
/// </summary>
public sealed class EvaluationReport
{
    /// <param name="cases">Scores per case; not empty.</param>
    /// <param name="organs">Class names without the background.</param>
    /// <param name="tolerance">Of the normalized surface Dice, mm; null where no surfaces were compared.</param>
    public EvaluationReport(IReadOnlyList<CaseResult> cases, IReadOnlyList<string> organs, double? tolerance = null)
    {
        (Cases, Organs, ToleranceMm) = ([.. cases.OrderBy(c => c.Id, StringComparer.Ordinal)], organs, tolerance);
        Modalities = [.. cases.Select(c => c.Modality).Distinct()];
        Summary = Modalities.ToDictionary(
            m => m,
            m =>
                (IReadOnlyDictionary<string, OrganSummary>)
                    organs.ToDictionary(
                        organ => organ,
                        organ => Summarize([.. cases.Where(c => c.Modality == m).Select(c => c.Scores[organ])])
                    )
        );
        Dice = Modalities.ToDictionary(
            m => m,
            m =>
                (IReadOnlyDictionary<string, ScoreSummary>)
                    organs.ToDictionary(organ => organ, organ => Summary[m][organ].Scores["dice"])
        );
        MeanDice = Modalities.ToDictionary(m => m, m => Dice[m].Values.Select(summary => summary.Mean).Average());
    }

    /// <summary>In the order of a dataset, by name, whatever the order they were scored in.</summary>
    public IReadOnlyList<CaseResult> Cases { get; }

    /// <summary>Class names without the background, in the order of their labels.</summary>
    public IReadOnlyList<string> Organs { get; }

    /// <summary>Cases that could not be read: no score counts them.</summary>
    public IReadOnlyList<FailedCase> Failed { get; init; } = [];

    /// <summary>Those that have a scored case.</summary>
    public IReadOnlyList<string> Modalities { get; }

    /// <summary>Of the normalized surface Dice.</summary>
    public double? ToleranceMm { get; }

    /// <summary>By modality, then organ.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, OrganSummary>> Summary { get; }

    /// <summary>The summaries' Dice.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, ScoreSummary>> Dice { get; }

    /// <summary>By modality: mean over the organs' means; null where no organ has one.</summary>
    public IReadOnlyDictionary<string, double?> MeanDice { get; }

    /// <summary>Mean over the modalities; null where none has a score.</summary>
    public double? OverallDice => MeanDice.Values.Average();

    private static OrganSummary Summarize(StructureScores[] scores) =>
        new(
            StructureScores.Metrics.ToDictionary(
                metric => metric.Name,
                metric => ScoreSummary.Of([.. scores.Select(metric.Value)])
            ),
            Count(scores, StructurePresence.Absent),
            Count(scores, StructurePresence.Missed),
            Count(scores, StructurePresence.Hallucinated)
        );

    private static int Count(StructureScores[] scores, StructurePresence presence) => scores.Count(s => s.Presence == presence);
}
