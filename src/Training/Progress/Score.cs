namespace UnpairedSegEngine.Training.Progress;

/// <summary>The number by which a validation is compared with another.</summary>
/// <param name="Name">In records: "mean_dice".</param>
/// <param name="Value">NaN where there was nothing to score.</param>
/// <param name="HigherIsBetter">False of errors and distances.</param>
public sealed record Score(string Name, double Value, bool HigherIsBetter = true)
{
    /// <summary>Dice averaged over classes and modalities.</summary>
    public const string MeanDice = "mean_dice";

    /// <summary>Whether this is better than an earlier one; any number is better than none.</summary>
    public bool IsBetterThan(Score? earlier) =>
        earlier is null || (HigherIsBetter ? Value > earlier.Value : Value < earlier.Value);
}
