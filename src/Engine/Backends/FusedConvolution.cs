using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>Normalization, leaky ReLU and dropout that a convolution applies to its input while it reads it.</summary>
/// <param name="Problem">Sizes, kind, slope and dropout; its input is the convolution's.</param>
/// <param name="Mean">(rows, groups).</param>
/// <param name="Variance">(rows, groups), biased.</param>
/// <param name="Gamma">(modalities, channels).</param>
/// <param name="Beta">(modalities, channels).</param>
public sealed record InputNormalization(NormalizationProblem Problem, Tensor Mean, Tensor Variance, Tensor Gamma, Tensor Beta)
{
    /// <summary>Where a device may leave what it made of these for the next operation with the same ones; null for
    /// nowhere.</summary>
    internal KeptCoefficients? Kept { get; init; }
}

/// <summary>
/// What the first operation with a normalization made of its statistics and affine parameters, which do not change before the
/// last one.
/// </summary>
internal sealed class KeptCoefficients
{
    /// <summary>In a form of the device's; null before it has made any.</summary>
    public Tensor? Values { get; set; }
}

/// <summary>
/// Statistics of a convolution's output, as <see cref="Backend.NormalizationStatistics"/> would take them, that the convolution
/// leaves behind.
/// </summary>
/// <param name="Problem">The normalization that will use them; its input is the convolution's output.</param>
/// <param name="Mean">Receives the mean, (rows, groups).</param>
/// <param name="Variance">Receives the biased variance, (rows, groups).</param>
public sealed record OutputStatistics(NormalizationProblem Problem, Tensor Mean, Tensor Variance);
