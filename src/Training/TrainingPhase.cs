namespace UnpairedSegEngine.Training;

/// <summary>A stretch of steps in which a method does the same.</summary>
/// <param name="Name">For a person.</param>
/// <param name="LastStep">The last of its steps; phases follow each other.</param>
public sealed record TrainingPhase(string Name, long LastStep = long.MaxValue);
