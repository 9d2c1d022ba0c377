namespace UnpairedSegEngine.Runs;

/// <summary>Numbers measured at one training step.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Time">When they were recorded.</param>
/// <param name="Values">Name to value; names are paths such as "loss/total" or "dice/CT/liver".</param>
public sealed record MetricRecord(long Step, DateTimeOffset Time, IReadOnlyList<KeyValuePair<string, double>> Values);
