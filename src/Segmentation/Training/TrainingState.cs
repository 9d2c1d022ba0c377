namespace UnpairedSegEngine.Segmentation.Training;

/// <summary>
/// What a run must remember beside its tensors. Everything random is a function of seed and step, so there is no more.
/// </summary>
/// <param name="Step">Steps done.</param>
/// <param name="BestStep">Step with the best validation; 0 before the first.</param>
/// <param name="BestDice">Mean validation Dice of that step.</param>
public sealed record TrainingState(long Step, long BestStep = 0, double BestDice = 0);
