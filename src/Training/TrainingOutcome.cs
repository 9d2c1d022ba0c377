namespace UnpairedSegEngine.Training;

/// <summary>How a training run ended.</summary>
/// <param name="State">Steps done and the best validation.</param>
/// <param name="Interrupted">Whether it was asked to stop before its last step; not where it ended by itself (<see cref="TrainingState.Ended"/>).</param>
public sealed record TrainingOutcome(TrainingState State, bool Interrupted);
