namespace UnpairedSegEngine.Bench;

/// <summary>One layer and pass. GFLOP/s are nominal: taps that fall into the padding are counted.</summary>
internal sealed record LayerResult(string Layer, string Pass, double MinimumMs, double MedianMs, double GFlops, double PercentOfPeak, double MegaBytes, double FlopsPerByte);
