namespace UnpairedSegEngine.Backends.Profiling;

/// <summary>What a device can do at most.</summary>
/// <param name="GFlops">Of convolutions, in 1e9 operations per second.</param>
/// <param name="GBytes">Of its memory, in 1e9 bytes per second.</param>
public sealed record DevicePeaks(double GFlops, double GBytes);
