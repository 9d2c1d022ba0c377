namespace UnpairedSegEngine.Bench.Planning;

/// <summary>A key of a planned configuration.</summary>
/// <param name="Key">Such as <c>data.spacing</c>.</param>
/// <param name="Value">Its text.</param>
/// <param name="Reason">Why this value: one sentence without a full stop.</param>
public sealed record PlannedSetting(string Key, string Value, string Reason);
