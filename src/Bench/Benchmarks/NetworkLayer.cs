using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>A convolution of a network, as often as it has equal ones.</summary>
/// <param name="Name">Places in the network and sizes.</param>
/// <param name="Problem">Its sizes; of a transposed convolution, those of the convolution whose data gradient it is.</param>
/// <param name="Count">How often the network has it.</param>
public sealed record NetworkLayer(string Name, ConvolutionProblem Problem, int Count = 1)
{
    /// <summary>A transposed convolution: forward and data gradient change places.</summary>
    public bool IsTransposed { get; init; }

    /// <summary>Nobody wants the gradient of its input.</summary>
    public bool ReadsImages { get; init; }

    /// <summary>Adds to its result, as the second part of a concatenation does.</summary>
    public bool Accumulates { get; init; }
}
