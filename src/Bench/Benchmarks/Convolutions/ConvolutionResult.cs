namespace UnpairedSegEngine.Bench.Benchmarks.Convolutions;

/// <summary>A kernel of a pass and its time.</summary>
public sealed record KernelTime(string Name, double Ms);

/// <summary>One pass of one convolution; names as in the JSON of bench/cuda.</summary>
/// <param name="Layer">Places in the network.</param>
/// <param name="Count">How often the network has it.</param>
/// <param name="Problem">As <see cref="ConvolutionText"/> reads it.</param>
/// <param name="Pass">forward, data gradient or weight gradient.</param>
public sealed record ConvolutionResult(string Layer, int Count, string Problem, string Pass)
{
    /// <summary>Always channels last.</summary>
    public string Layout => "NHWC";

    public required string Precision { get; init; }

    /// <summary>True where the input was normalized while it was read and the forward pass took statistics of its
    /// output.</summary>
    public bool? Fused { get; init; }

    /// <summary>Half the runs were faster.</summary>
    public double? MsMedian { get; init; }

    public double? MsMin { get; init; }

    /// <summary>Half the distance between the quartiles, in percent of the median.</summary>
    public double? NoisePercent { get; init; }

    public int? Runs { get; init; }

    /// <summary>2 x positions x taps x channels x channels per second; taps beyond the border count.</summary>
    public double? Gflops { get; init; }

    /// <summary>Each operand once, as it lies in memory.</summary>
    public double? Gbs { get; init; }

    /// <summary>Against float64.</summary>
    public double? RelativeError { get; init; }

    /// <summary>What a pass is made of, each launch timed in a run of its own.</summary>
    public IReadOnlyList<KernelTime>? Kernels { get; init; }

    /// <summary>Why there is no time.</summary>
    public string? NotRun { get; init; }

    /// <summary>Measures it again.</summary>
    public required string Repro { get; init; }
}
