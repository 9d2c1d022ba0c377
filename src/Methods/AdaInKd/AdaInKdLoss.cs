using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Methods.AdaInKd;

/// <summary>What is made of <see cref="FeatureStatistics"/> of student and teacher, or of modalities.</summary>
internal static class AdaInKdLoss
{
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

    /// <summary>The mean of (a - b)^2: a scalar.</summary>
    public static Variable MeanSquare(Tape tape, Variable a, Variable b)
    {
        Variable difference = tape.Subtract(a, b);
        return tape.Mean(tape.Multiply(difference, difference));
    }
}
