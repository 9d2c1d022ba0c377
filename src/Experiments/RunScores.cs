namespace UnpairedSegEngine.Experiments;

/// <summary>A score of several runs.</summary>
/// <param name="Mean">Over the runs.</param>
/// <param name="Deviation">Population standard deviation between the runs; 0 of one.</param>
/// <param name="Runs">Each run's mean over its cases.</param>
public sealed record RunScores(double? Mean, double? Deviation, IReadOnlyList<double?> Runs);
