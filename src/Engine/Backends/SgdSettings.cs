using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>
/// One update by stochastic gradient descent in PyTorch's form: g' = g + weightDecay * w, velocity = momentum * velocity + g',
/// w -= rate * (nesterov ? g' + momentum * velocity : velocity). Sutskever et al. 2013, ICML.
/// </summary>
/// <param name="Rate">Learning rate of this step.</param>
/// <param name="Momentum">What stays of the velocity; 0 for plain descent.</param>
/// <param name="WeightDecay">Weight of ||w||^2 / 2 in the loss.</param>
/// <param name="Nesterov">Whether the step looks ahead by the velocity.</param>
/// <param name="RateSlot">As of <see cref="AdamSettings.RateSlot"/>: optimizers that are recorded together need one each.</param>
public readonly record struct SgdSettings(double Rate, double Momentum, double WeightDecay, bool Nesterov, int RateSlot = 0);

/// <summary>One tensor of a step: weights, their gradient and velocity.</summary>
public readonly record struct SgdUpdate(SgdSettings Settings, Tensor W, Tensor G, Tensor Velocity);
