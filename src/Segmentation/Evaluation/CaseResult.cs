namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>Scores of one case.</summary>
/// <param name="Id">Name of the case.</param>
/// <param name="Modality">For example "CT".</param>
/// <param name="Dice">Dice by organ, 0..1; null where the organ is absent from both prediction and reference.</param>
public sealed record CaseResult(string Id, string Modality, IReadOnlyDictionary<string, double?> Dice);
