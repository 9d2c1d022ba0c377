using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Losses;

namespace UnpairedSegEngine.Methods.MlicKdWsd;

/// <summary>The terms of both networks. Those of labels are sums over classes and means over images.</summary>
internal static class MlicKdWsdLoss
{
    /// <summary>Probabilities below this count as this, as published: the logarithm stays finite.</summary>
    public const double ProbabilityFloor = 1e-4;

    /// <summary>
    /// -y log p - (1 - y) log(1 - p) of probabilities, each log of at least <see cref="ProbabilityFloor"/>: a scalar. Below it
    /// the gradient is that at the floor, as in Caffe, so that no class is given up for good.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="probabilities">p, (images, classes).</param>
    /// <param name="labels">y, zeros and ones of that shape.</param>
    public static Variable OfProbabilities(Tape tape, Variable probabilities, Variable labels)
    {
        Variable has = FlooredLog(tape, probabilities),
            lacks = FlooredLog(tape, tape.Scale(probabilities, -1, 1)),
            sum = tape.Sum(tape.Add(tape.Multiply(labels, has), tape.Multiply(tape.Scale(labels, -1, 1), lacks)));
        return tape.Scale(sum, -1.0 / probabilities.Shape[0]);
    }

    /// <summary>The same of logits: a scalar.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="logits">(images, classes).</param>
    /// <param name="targets">Zeros and ones, or probabilities.</param>
    public static Variable OfLogits(Tape tape, Variable logits, Variable targets) =>
        tape.Scale(tape.BinaryCrossEntropyWithLogits(logits, targets), logits.Shape[^1]);

    /// <summary>
    /// Half the squared distance of features, mean over regions: 1 / (2 R) * sum of |student - teacher|^2: a scalar. What only
    /// fills up images of few proposals does not count, in R either.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="student">(regions, units).</param>
    /// <param name="teacher">The same shape.</param>
    /// <param name="mask">1 for each of R regions, 0 for the others: as many elements as there are rows.</param>
    public static Variable OfFeatures(Tape tape, Variable student, Variable teacher, Variable mask)
    {
        Variable difference = tape.Subtract(student, teacher),
            distances = tape.Sum(tape.Multiply(difference, difference), 1, 1),
            counted = tape.Reshape(mask, distances.Shape);
        return tape.Divide(tape.Sum(tape.Multiply(distances, counted)), tape.Scale(tape.Sum(counted), 2));
    }

    /// <summary>log(max(p, floor)), whose gradient is 1 / max(p, floor).</summary>
    private static Variable FlooredLog(Tape tape, Variable p)
    {
        Variable missing = tape.Relu(tape.Scale(tape.StopGradient(p), -1, ProbabilityFloor));
        return tape.Log(tape.Add(p, missing));
    }
}
