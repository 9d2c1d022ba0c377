namespace UnpairedSegEngine.Segmentation.Runs;

/// <summary>Overlap of prediction and reference for one structure.</summary>
/// <param name="Modality">For example "CT".</param>
/// <param name="Organ">For example "liver".</param>
/// <param name="Value">Dice, 0..1; NaN where the structure is absent from both.</param>
public sealed record DiceScore(string Modality, string Organ, double Value);
