namespace UnpairedSegEngine.Bench.Benchmarks.Convolutions;

/// <summary>What of a convolution is computed.</summary>
public enum ConvolutionPass
{
    /// <summary>y of x and w.</summary>
    Forward,

    /// <summary>The gradient of x, of w and that of y.</summary>
    Data,

    /// <summary>The gradient of w, of x and that of y.</summary>
    Weights,
}
