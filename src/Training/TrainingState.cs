using System.Text.Json.Serialization;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Training;

/// <summary>
/// What a run must remember beside its tensors. Everything random is a function of seed and step, so there is no more.
/// </summary>
/// <param name="Step">Steps done.</param>
/// <param name="BestStep">Step with the best validation; 0 before the first.</param>
/// <param name="Best">Score of that step.</param>
public sealed record TrainingState(long Step, long BestStep = 0, Score? Best = null)
{
    /// <summary>How long the run has waited for a better validation; null where it does not end for that.</summary>
    public Patience? Patience { get; init; }

    /// <summary>Why training ended before its last step; null where it did not.</summary>
    public string? Ended { get; init; }

    /// <summary>The best score as runs of version 0.1.0 have it: a mean Dice.</summary>
    [JsonInclude]
    [JsonPropertyName("bestDice")]
    private double? BestDice
    {
        get => null;
        init => Best ??= value is { } dice && BestStep > 0 ? new Score(Score.MeanDice, dice) : null;
    }
}
