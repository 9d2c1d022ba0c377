namespace UnpairedSegEngine.Runs.Provenance;

/// <summary>A run went on in another way than it began.</summary>
/// <param name="Step">The step from which on.</param>
/// <param name="Time">When, UTC.</param>
/// <param name="CommandLine">By which command.</param>
/// <param name="Differences">What is another since then.</param>
public sealed record RunChange(
    long Step,
    DateTimeOffset Time,
    IReadOnlyList<string> CommandLine,
    IReadOnlyList<string> Differences
);
