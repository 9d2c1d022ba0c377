namespace UnpairedSegEngine.Classification.Evaluation;

/// <summary>The scores of a class; null where one does not exist.</summary>
/// <param name="Name">Of the class.</param>
/// <param name="Images">That have its label.</param>
public sealed record ClassScores(string Name, int Images)
{
    /// <summary>Share of the images with its label that were said to have it.</summary>
    public double? Recall { get; init; }

    /// <summary>Share of the images said to have its label that have it.</summary>
    public double? Precision { get; init; }

    /// <summary>2 TP / (2 TP + FP + FN).</summary>
    public double? F1 { get; init; }

    /// <summary>See <see cref="Evaluation.AveragePrecision"/>.</summary>
    public double? AveragePrecision { get; init; }

    /// <summary>See <see cref="Localization.CorLoc"/>.</summary>
    public double? CorLoc { get; init; }
}
