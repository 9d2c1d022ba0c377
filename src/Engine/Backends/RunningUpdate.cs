using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>One normalization's update of its running statistics, each (rows, groups).</summary>
/// <param name="Problem">The normalization; batch norm.</param>
/// <param name="Decay">running = decay * running + (1 - decay) * batch.</param>
/// <param name="Mean">Of the batch.</param>
/// <param name="Variance">Of the batch, biased.</param>
/// <param name="RunningMean">Updated in place.</param>
/// <param name="RunningVariance">Updated in place.</param>
public sealed record RunningUpdate(
    NormalizationProblem Problem,
    double Decay,
    Tensor Mean,
    Tensor Variance,
    Tensor RunningMean,
    Tensor RunningVariance
);
