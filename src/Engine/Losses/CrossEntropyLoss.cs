using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Losses;

/// <summary>Cross-entropy between logits and integer labels.</summary>
public static class CrossEntropyLoss
{
    /// <summary>Of the denominator: far below any weight, so that a batch without labels has no loss instead of 0 / 0.</summary>
    private const double Smallest = 1e-12;

    /// <summary>
    /// -sum w[label] log softmax(logits)[label] / sum w[label] over the labelled positions: a scalar, 0 where none is labelled.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="logits">(..., classes).</param>
    /// <param name="labels">uint8 (...); a position whose label is no class does not count.</param>
    /// <param name="classWeights">(classes); all one if not given.</param>
    /// <param name="ignoredLabel">A class whose positions do not count.</param>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public static Variable CrossEntropy(
        this Tape tape,
        Variable logits,
        Tensor labels,
        Tensor? classWeights = null,
        int? ignoredLabel = null
    )
    {
        Variable truth = ClassMaps.OneHot(tape, labels, logits.Shape, logits.DType);
        if (classWeights is not null || ignoredLabel is not null)
            truth *= ClassMaps.Weights(tape, logits.Shape[^1], logits.DType, classWeights, ignoredLabel);
        return -tape.Sum(truth * tape.LogSoftmax(logits)) / (tape.Sum(truth) + Smallest);
    }
}
