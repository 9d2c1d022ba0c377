using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Losses;

/// <summary>Overlap of class probabilities with labels. Milletari et al. 2016, arXiv:1606.04797.</summary>
public static class SoftDiceLoss
{
    /// <summary>
    /// 1 - the mean over classes of (2 sum p g + smooth) / (sum p^2 + sum g + smooth), the sums over all positions of the batch,
    /// g one at the label's class: a scalar.
    /// </summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="probabilities">p, (..., classes), as of softmax.</param>
    /// <param name="labels">uint8 (...); a position whose label is no class adds to sum p^2 only.</param>
    /// <param name="smooth">Keeps the gradient finite for classes that are nowhere.</param>
    public static Variable SoftDice(this Tape tape, Variable probabilities, Tensor labels, double smooth = 1e-5)
    {
        Variable truth = ClassMaps.OneHot(tape, labels, probabilities.Shape, probabilities.DType);
        int axes = probabilities.Shape.Rank - 1;
        Variable intersection = tape.Sum(tape.Multiply(probabilities, truth), 0, axes),
            squares = tape.Sum(tape.Multiply(probabilities, probabilities), 0, axes),
            sizes = tape.Sum(truth, 0, axes);
        return 1 - tape.Mean(((2 * intersection) + smooth) / (squares + sizes + smooth));
    }
}
