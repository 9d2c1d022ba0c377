using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;

namespace UnpairedSegEngine.Losses;

/// <summary>Cross-entropy of independent yes-no decisions.</summary>
public static class BinaryCrossEntropyLoss
{
    /// <summary>
    /// The mean of -t log sigmoid(z) - (1 - t) log(1 - sigmoid(z)), as softplus(z) - t z, which neither overflows nor loses
    /// digits: a scalar.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="logits">z, any shape.</param>
    /// <param name="targets">t in [0, 1], of that shape or one that broadcasts to it.</param>
    public static Variable BinaryCrossEntropyWithLogits(this Tape tape, Variable logits, Variable targets) =>
        tape.Mean(tape.Softplus(logits) - tape.Multiply(logits, targets));
}
