using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// The method's loss as an operation of the tape: one pass over the logits for the sums and one for the gradient. It knows one
/// batch: <c>loss.kd.memory</c> takes a method, which goes from step to step.
/// </summary>
public static class UmmkdLossOperation
{
    /// <param name="tape">Records the operation.</param>
    /// <param name="settings">Weights.</param>
    /// <param name="logits">(samples, positions..., classes).</param>
    /// <param name="labels">uint8 class map (samples, positions...).</param>
    /// <param name="modality">Of each sample.</param>
    /// <returns>The weighted total as a scalar, and its terms.</returns>
    public static (Variable Loss, UmmkdLossTerms Terms) UmmkdLoss(
        this Tape tape,
        UmmkdLoss settings,
        Variable logits,
        Tensor labels,
        ModalityIndex modality
    )
    {
        SegmentationLossProblem problem = settings.ProblemOf(logits.Shape, modality).Validate(labels.Shape);
        tape.RequireFirstOrder("segmentation loss");
        using Tensor sums = tape.Allocate(problem.SumsShape, DType.Float64);
        tape.Backend.SegmentationLossSums(problem, logits.Value, labels, sums);
        UmmkdLossTerms terms = settings.Terms(problem, SegmentationSums.Of(problem, sums.ToArray<double>()));
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
                    [.. terms.Coefficients.Values.Select(value => factor * value)]
                );
                Tensor gz = tape.Allocate(logits.Shape, logits.DType);
                tape.Backend.SegmentationLossGradient(problem, logits.Value, labels, coefficients, gz);
                return [new Variable(gz)];
            }
        );
        return (loss, terms);
    }
}
