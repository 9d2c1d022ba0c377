namespace UnpairedSegEngine.Bench;

/// <summary>One layer and pass. Taps that read zeros beyond the border are not counted as FLOPs.</summary>
internal sealed record LayerResult(string Layer, string Pass, double MinimumMs, double MedianMs, double GFlops, double PercentOfPeak, double MegaBytes, double FlopsPerByte);
