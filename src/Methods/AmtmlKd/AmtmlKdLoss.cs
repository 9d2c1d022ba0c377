using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.AmtmlKd;

/// <summary>The terms that are the method's own, each a mean over samples.</summary>
internal static class AmtmlKdLoss
{
    /// <summary>Keeps the logarithm of a probability that rounds to zero finite.</summary>
    private const double SmallestProbability = 1e-12;

    /// <summary>The integrated soft target: sum over t of w_t softmax(z_t / T), (samples, ..., classes).</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="weights">w, (samples, teachers).</param>
    /// <param name="logits">z_t, (samples, ..., classes), of each teacher.</param>
    /// <param name="temperature">T.</param>
    public static Variable Target(Tape tape, Variable weights, IReadOnlyList<Variable> logits, double temperature) =>
        logits
            .Select(
                (z, t) => tape.Multiply(tape.Softmax(tape.Scale(z, 1 / temperature)), OfTeacher(tape, weights, t, z.Shape.Rank))
            )
            .Aggregate(tape.Add);

    /// <summary>
    /// KL(target || softmax(z / T)), mean over samples and positions: a scalar. Gradients flow into the target, too.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="target">(samples, ..., classes), of sum one.</param>
    /// <param name="logits">z, (samples, ..., classes), of the student.</param>
    /// <param name="temperature">T.</param>
    public static Variable Divergence(Tape tape, Variable target, Variable logits, double temperature)
    {
        Variable logTarget = tape.Log(tape.Scale(target, 1, SmallestProbability)),
            logStudent = tape.LogSoftmax(tape.Scale(logits, 1 / temperature)),
            sum = tape.Sum(tape.Multiply(target, tape.Subtract(logTarget, logStudent)));
        return tape.Scale(sum, (double)logits.Shape[^1] / logits.Shape.Count);
    }

    /// <summary>
    /// -log of the target at the label, mean over what is labelled: a scalar. Its gradient flows into the target.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="target">(samples, ..., classes), of sum one.</param>
    /// <param name="labels">uint8 (samples, ...).</param>
    public static Variable Surprise(Tape tape, Variable target, Tensor labels) =>
        // The softmax of the logarithms of probabilities is these probabilities.
        tape.CrossEntropy(tape.Log(tape.Scale(target, 1, SmallestProbability)), labels);

    /// <summary>The mean square between features of equal channels, those of the teacher of length one: a scalar.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="student">(samples, 1, height, width, channels), adapted to the teacher's channels.</param>
    /// <param name="teacher">The same shape.</param>
    public static Variable Hint(Tape tape, Variable student, Variable teacher)
    {
        Variable difference = tape.Subtract(student, tape.L2Normalize(teacher));
        return tape.Mean(tape.Multiply(difference, difference));
    }

    /// <summary>w_t as (samples, 1, ..., 1).</summary>
    private static Variable OfTeacher(Tape tape, Variable weights, int teacher, int rank) =>
        tape.Reshape(tape.Slice(weights, ^1, teacher, 1), new Shape([weights.Shape[0], .. Enumerable.Repeat(1, rank - 1)]));
}
