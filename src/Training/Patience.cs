using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Training;

/// <summary>
/// How long a run has waited for a better validation. Single scores jump; compared is their running mean, s = f s + (1 - f)
/// score.
/// </summary>
/// <param name="Smoothed">The running mean; the first score to begin with.</param>
/// <param name="Best">The best it was.</param>
/// <param name="BestStep">When it was.</param>
/// <param name="Waited">Validations since then.</param>
public sealed record Patience(double Smoothed, double Best, long BestStep, int Waited)
{
    /// <summary>What it is behind a validation.</summary>
    /// <param name="before">What it was; null before the first.</param>
    /// <param name="score">Of the validation; one that could not be scored is no better, and leaves the mean alone.</param>
    /// <param name="smoothing">f, from 0 for none to below 1.</param>
    /// <param name="step">When.</param>
    internal static Patience? After(Patience? before, Score score, double smoothing, long step)
    {
        if (!double.IsFinite(score.Value))
            return before is null ? null : before with { Waited = before.Waited + 1 };
        if (before is null)
            return new Patience(score.Value, score.Value, step, 0);
        double smoothed = (smoothing * before.Smoothed) + ((1 - smoothing) * score.Value);
        return (score with { Value = smoothed }).IsBetterThan(score with { Value = before.Best })
            ? new Patience(smoothed, smoothed, step, 0)
            : before with
            {
                Smoothed = smoothed,
                Waited = before.Waited + 1,
            };
    }
}
