using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;

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
    /// How far apart modalities are, L_mod: statistics of a modality are the means over its samples; the mean over all pairs of
    /// modalities of their <see cref="Difference"/>: a scalar.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="statistics">Of samples.</param>
    /// <param name="groups">Modality of each sample; at least two have samples.</param>
    public static Variable Between(Tape tape, (Variable Mean, Variable Deviation) statistics, ModalityIndex groups)
    {
        (Variable Mean, Variable Deviation)[] modalities =
        [
            .. groups.Runs().Select(run => (Average(statistics.Mean, run), Average(statistics.Deviation, run))),
        ];
        Variable[] pairs =
        [
            .. from second in Enumerable.Range(1, modalities.Length - 1)
            from first in Enumerable.Range(0, second)
            select Difference(tape, modalities[first], modalities[second]),
        ];
        return tape.Scale(pairs.Aggregate(tape.Add), 1.0 / pairs.Length);

        Variable Average(Variable statistic, (int Modality, int First, int Count) run) =>
            tape.Mean(tape.Slice(statistic, 0, run.First, run.Count), 0, 1);
    }

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
