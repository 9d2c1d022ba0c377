using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Experiments;

/// <summary>A score of several runs.</summary>
/// <param name="Mean">Over the runs.</param>
/// <param name="Deviation">Population standard deviation between the runs; 0 of one.</param>
/// <param name="Runs">Each run's mean over its cases; null where no case has the score.</param>
public sealed record RunScores(double? Mean, double? Deviation, IReadOnlyList<double?> Runs)
{
    /// <summary>Dice of some runs by modality, then by organ; "mean" is the mean over the organs.</summary>
    /// <param name="runs">Of the same organs.</param>
    public static IReadOnlyDictionary<string, IReadOnlyDictionary<string, RunScores>> Of(IReadOnlyList<EvaluationReport> runs)
    {
        return runs.SelectMany(run => run.Modalities)
            .Distinct()
            .ToDictionary(
                modality => modality,
                modality => ByOrgan([.. runs.Where(run => run.Modalities.Contains(modality))], modality)
            );

        static IReadOnlyDictionary<string, RunScores> ByOrgan(IReadOnlyList<EvaluationReport> runs, string modality) =>
            runs[0]
                .Organs.ToDictionary(organ => organ, organ => Over(runs.Select(run => run.Dice[modality][organ].Mean)))
                .Append(new("mean", Over(runs.Select(run => run.MeanDice[modality]))))
                .ToDictionary();
    }

    /// <summary>One score of some runs.</summary>
    public static RunScores Over(IEnumerable<double?> runs)
    {
        double?[] scores = [.. runs];
        ScoreSummary summary = ScoreSummary.Of(scores);
        return new RunScores(summary.Mean, summary.Deviation, scores);
    }
}
