namespace UnpairedSegEngine.Bench.Peers;

/// <summary>Times of one layer and pass.</summary>
internal sealed record LayerResult(string Layer, string Pass, double MsMin, double MsMedian, int Runs);
