namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>One layer and pass.</summary>
/// <param name="Layer">Name and sizes.</param>
/// <param name="Pass">forward, data gradient or weight gradient.</param>
/// <param name="MsMin">The least time.</param>
/// <param name="MsMedian">The middle time.</param>
/// <param name="Gflop">10^9 FLOPs by formula, without taps that read zeros beyond the border.</param>
/// <param name="Megabytes">10^6 bytes of input, weights and output, once each.</param>
/// <param name="PeakGflops">Multiply-add peak measured beside it, GFLOP/s.</param>
/// <param name="PeakGbs">Memory bandwidth measured in the same process, GB/s.</param>
public sealed record LayerResult(
    string Layer,
    string Pass,
    double MsMin,
    double MsMedian,
    double Gflop,
    double Megabytes,
    double PeakGflops,
    double PeakGbs
)
{
    /// <summary>The command that measures this layer alone.</summary>
    public string Repro { get; init; } = "";

    /// <summary>GFLOP/s of the formula; above the peak where fewer products than the formula's do.</summary>
    public double Gflops => 1e3 * Gflop / MsMin;

    public double Gbs => Megabytes / MsMin;

    public double PercentOfPeak => 100 * Gflops / PeakGflops;

    /// <summary>What the roofline says limits it.</summary>
    public string Bound => ComputeMs >= MemoryMs ? "compute" : "memory";

    /// <summary>The least time that formula, peak and bandwidth allow.</summary>
    public double BoundMs => Math.Max(ComputeMs, MemoryMs);

    private double ComputeMs => 1e3 * Gflop / PeakGflops;

    private double MemoryMs => Megabytes / PeakGbs;
}
