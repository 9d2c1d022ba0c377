namespace UnpairedSegEngine.Training.Progress;

/// <summary>A score of a validation.</summary>
/// <param name="Group">Modality.</param>
/// <param name="Item">Organ, or another thing that is scored by itself.</param>
/// <param name="Value">NaN where there was nothing to score.</param>
public sealed record ItemScore(string Group, string Item, double Value);
