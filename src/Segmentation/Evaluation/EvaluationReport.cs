using System.Text.Json;
using UnpairedSegEngine.Checkpoints;

namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>Mean and deviation (n in the denominator) of the cases that have a score.</summary>
/// <param name="Mean">Null where no case has one.</param>
/// <param name="Deviation">Population standard deviation.</param>
/// <param name="Cases">Cases with a score.</param>
/// <param name="Absent">Cases whose prediction and reference both lack the organ.</param>
public sealed record ScoreSummary(double? Mean, double? Deviation, int Cases, int Absent)
{
    public static ScoreSummary Of(IReadOnlyCollection<double?> scores)
    {
        double[] present = [.. scores.OfType<double>()];
        if (present.Length == 0)
            return new ScoreSummary(null, null, 0, scores.Count);
        double mean = present.Average();
        return new ScoreSummary(mean, Math.Sqrt(present.Average(score => (score - mean) * (score - mean))), present.Length, scores.Count - present.Length);
    }
}

/// <summary>
/// Dice over whole volumes on their own grids: 2 |A and B| / (|A| + |B|) per case and organ. An organ absent from prediction and reference has no score; one
/// that only one of them shows scores 0.
/// </summary>
public sealed class EvaluationReport
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <param name="cases">Scores per case; not empty.</param>
    /// <param name="organs">Class names without the background.</param>
    public EvaluationReport(IReadOnlyList<CaseResult> cases, IReadOnlyList<string> organs)
    {
        Cases = cases;
        Organs = organs;
        Modalities = [.. cases.Select(c => c.Modality).Distinct()];
        Dice = Modalities.ToDictionary(m => m, m => (IReadOnlyDictionary<string, ScoreSummary>)organs.ToDictionary(
            organ => organ, organ => ScoreSummary.Of([.. cases.Where(c => c.Modality == m).Select(c => c.Dice[organ])])));
        MeanDice = Modalities.ToDictionary(m => m, m => Dice[m].Values.Select(summary => summary.Mean).Average());
    }

    public IReadOnlyList<CaseResult> Cases { get; }

    public IReadOnlyList<string> Organs { get; }

    public IReadOnlyList<string> Modalities { get; }

    /// <summary>By modality, then organ.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, ScoreSummary>> Dice { get; }

    /// <summary>By modality: mean over the organs' means; null where no organ has one.</summary>
    public IReadOnlyDictionary<string, double?> MeanDice { get; }

    /// <summary>Mean over the modalities; null where none has a score.</summary>
    public double? OverallDice => MeanDice.Values.Average();

    /// <summary>Writes the report, with keys mean_dice, dice and cases.</summary>
    public void WriteJson(string path)
        => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, new { MeanDice, OverallDice, Dice, Cases }, Format));
}
