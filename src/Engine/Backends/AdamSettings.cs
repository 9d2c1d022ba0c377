using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>
/// One Adam update in TensorFlow's form: g' = g + l2 * w, m = beta1 m + (1 - beta1) g', v = beta2 v + (1 - beta2) g'^2,
/// w -= rate * m / (sqrt(v) + epsilon) with rate = learningRate * sqrt(1 - beta2^t) / (1 - beta1^t). Kingma and Ba 2015,
/// arXiv:1412.6980.
/// </summary>
/// <param name="Rate">The bias-corrected rate of this step.</param>
/// <param name="L2">Weight of ||w||^2 / 2 in the loss; its gradient enters the moments.</param>
/// <param name="RateSlot">
/// Which of <see cref="Recording.ReplayNumbers.Rates"/> replaces the rate when the update was recorded and runs again: one for
/// each optimizer.
/// </param>
public readonly record struct AdamSettings(double Rate, double Beta1, double Beta2, double Epsilon, double L2, int RateSlot = 0);

/// <summary>One tensor of a step: weights, their gradient and both moments.</summary>
public readonly record struct AdamUpdate(AdamSettings Settings, Tensor W, Tensor G, Tensor M, Tensor V);
