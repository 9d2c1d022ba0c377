using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>
/// Soft Dice, weighted cross-entropy and the class-mean softened symmetric-KL distillation between modalities, in one pass over
/// the logits
/// for the sums and one for the gradient. Any of the three alone: set the other weights to zero.
/// </summary>
public static class SegmentationLoss
{
    /// <param name="tape">Records the operation.</param>
    /// <param name="problem">Sizes and weights.</param>
    /// <param name="logits">(samples, positions..., classes).</param>
    /// <param name="labels">uint8 class map (samples, positions...).</param>
    /// <returns>The weighted total as a scalar, and its terms.</returns>
    public static (Variable Loss, SegmentationLossTerms Terms) SegmentationLosses(
        this Tape tape,
        SegmentationLossProblem problem,
        Variable logits,
        Tensor labels
    )
    {
        problem.Validate(labels.Shape);
        tape.RequireFirstOrder("segmentation loss");
        using Tensor sums = tape.Allocate(problem.SumsShape, DType.Float64);
        tape.Backend.SegmentationLossSums(problem, logits.Value, labels, sums);
        var terms = new SegmentationLossTerms(problem, sums.ToArray<double>());
        Tensor total = tape.Allocate(new Shape(), logits.DType);
        tape.Backend.Fill(total, terms.Total);
        Variable loss = tape.Record(
            "segmentation loss",
            total,
            [logits],
            (gy, _) =>
            {
                tape.RequireFirstOrder("segmentation loss");
                double factor = gy.Value.ToScalar();
                using Tensor coefficients = Tensor.From<double>(
                    tape.Device,
                    problem.CoefficientsShape,
                    [.. terms.Coefficients.Select(value => factor * value)]
                );
                Tensor gz = tape.Allocate(logits.Shape, logits.DType);
                tape.Backend.SegmentationLossGradient(problem, logits.Value, labels, coefficients, gz);
                return [new Variable(gz)];
            }
        );
        return (loss, terms);
    }
}
