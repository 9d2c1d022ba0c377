using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;

namespace UnpairedSegEngine.Methods.AdaInKd;

/// <summary>
/// Statistics of features, and what is made of them. Adaptive instance normalization: Huang and Belongie 2017, arXiv:1703.06868.
/// </summary>
internal static class AdaInKdLoss
{
    /// <summary>Added to variances, so that a channel of one value has a deviation to divide by.</summary>
    private const double Epsilon = 1e-5;

    /// <summary>Mean and deviation sqrt(variance + 1e-5) of each sample's channels over its positions, each (samples,
    /// channels).</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="features">(samples, depth, height, width, channels).</param>
    public static (Variable Mean, Variable Deviation) Statistics(Tape tape, Variable features)
    {
        (Variable mean, Variable variance) = tape.InstanceMoments(features);
        return (mean, tape.Sqrt(tape.Scale(variance, 1, Epsilon)));
    }

    /// <summary>
    /// L_stat: the mean over samples and channels of (mean_s - mean_t)^2 + (deviation_s - deviation_t)^2: a scalar.
    /// </summary>
    public static Variable Difference(
        Tape tape,
        (Variable Mean, Variable Deviation) student,
        (Variable Mean, Variable Deviation) teacher
    ) => tape.Add(MeanSquare(tape, student.Mean, teacher.Mean), MeanSquare(tape, student.Deviation, teacher.Deviation));

    /// <summary>
    /// deviation_s * (F_t - mean_t) / deviation_t + mean_s: the teacher's features with the student's statistics.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="features">F_t, (samples, depth, height, width, channels).</param>
    /// <param name="teacher">Statistics of F_t.</param>
    /// <param name="student">Statistics that it gets, of as many channels.</param>
    public static Variable Transfer(
        Tape tape,
        Variable features,
        (Variable Mean, Variable Deviation) teacher,
        (Variable Mean, Variable Deviation) student
    )
    {
        Variable scale = Everywhere(tape.Divide(student.Deviation, teacher.Deviation)),
            centred = tape.Subtract(features, Everywhere(teacher.Mean));
        return tape.Add(tape.Multiply(centred, scale), Everywhere(student.Mean));

        Variable Everywhere(Variable statistic) => tape.Broadcast(statistic, features.Shape, 1, features.Shape.Rank - 2);
    }

    /// <summary>The mean of (a - b)^2: a scalar.</summary>
    public static Variable MeanSquare(Tape tape, Variable a, Variable b)
    {
        Variable difference = tape.Subtract(a, b);
        return tape.Mean(tape.Multiply(difference, difference));
    }
}
