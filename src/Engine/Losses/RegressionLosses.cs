using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;

namespace UnpairedSegEngine.Losses;

/// <summary>Distances between predictions and targets, each the mean over all elements: scalars. Shapes broadcast.</summary>
public static class RegressionLosses
{
    /// <summary>The mean of (a - b)^2.</summary>
    public static Variable MeanSquaredError(this Tape tape, Variable a, Variable b)
    {
        Variable difference = tape.Subtract(a, b);
        return tape.Mean(tape.Multiply(difference, difference));
    }

    /// <summary>The mean of |a - b|.</summary>
    public static Variable L1(this Tape tape, Variable a, Variable b) => tape.Mean(tape.Abs(tape.Subtract(a, b)));

    /// <summary>
    /// The mean of d^2 / (2 beta) for d = |a - b| below beta, d - beta / 2 above. Girshick 2015, arXiv:1504.08083.
    /// </summary>
    /// <exception cref="ArgumentException">Beta is not positive.</exception>
    public static Variable SmoothL1(this Tape tape, Variable a, Variable b, double beta = 1)
    {
        if (!(beta > 0))
            throw new ArgumentException($"beta of smooth L1 must be positive, but is {beta}");
        // With c = min(d, beta): c (d - c / 2) / beta.
        Variable distance = tape.Abs(tape.Subtract(a, b)),
            bounded = tape.Subtract(distance, tape.Relu(tape.Scale(distance, 1, -beta)));
        return tape.Scale(tape.Mean(tape.Multiply(bounded, tape.Subtract(distance, tape.Scale(bounded, 0.5)))), 1 / beta);
    }
}
