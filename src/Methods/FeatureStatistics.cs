using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;

namespace UnpairedSegEngine.Methods;

/// <summary>
/// Means and deviations of the channels of each sample: the style of an image, as far as a network's features hold it.
/// </summary>
internal static class FeatureStatistics
{
    /// <summary>Added to variances, so that a channel of one value has a deviation to divide by.</summary>
    private const double Epsilon = 1e-5;

    /// <summary>Mean and deviation sqrt(variance + 1e-5) of each sample's channels over its positions, each (samples,
    /// channels).</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="features">(samples, depth, height, width, channels).</param>
    public static (Variable Mean, Variable Deviation) Of(Tape tape, Variable features)
    {
        (Variable mean, Variable variance) = tape.InstanceMoments(features);
        return (mean, tape.Sqrt(tape.Scale(variance, 1, Epsilon)));
    }

    /// <summary>
    /// deviation' (F - mean) / deviation + mean': features with other statistics. Adaptive instance normalization: Huang and
    /// Belongie 2017, arXiv:1703.06868.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="features">F, (samples, depth, height, width, channels).</param>
    /// <param name="own">Statistics of F.</param>
    /// <param name="others">Statistics that it gets, of as many channels.</param>
    public static Variable Transfer(
        Tape tape,
        Variable features,
        (Variable Mean, Variable Deviation) own,
        (Variable Mean, Variable Deviation) others
    )
    {
        Variable scale = Everywhere(tape.Divide(others.Deviation, own.Deviation)),
            centred = tape.Subtract(features, Everywhere(own.Mean));
        return tape.Add(tape.Multiply(centred, scale), Everywhere(others.Mean));

        Variable Everywhere(Variable statistic) => tape.Broadcast(statistic, features.Shape, 1, features.Shape.Rank - 2);
    }
}
