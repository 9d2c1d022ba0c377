using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// The norm of the gradient of a term of the loss, with its weight, for the logits of all samples of a batch: how hard it pulls
/// beside the others.
/// </summary>
internal static class GradientNorms
{
    /// <summary>The squared norm of a loss on its own, by a pass over the logits.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="problem">Sizes.</param>
    /// <param name="logits">(samples, positions..., classes).</param>
    /// <param name="labels">(samples, positions...), uint8.</param>
    /// <param name="coefficients">Of that loss (see <see cref="Backend.SegmentationLossGradient"/>).</param>
    /// <param name="square">Receives it; one element of the logits' type.</param>
    public static void Square(
        Backend backend,
        SegmentationLossProblem problem,
        Tensor logits,
        Tensor labels,
        Tensor coefficients,
        Tensor square
    )
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        var tape = new Tape(backend, recording: false);
        Tensor gradient = tape.Allocate(logits.Shape, logits.DType);
        backend.SegmentationLossGradient(problem, logits, labels, coefficients, gradient);
        Variable ofLogits = tape.Input(gradient);
        backend.Affine(tape.Sum(tape.Multiply(ofLogits, ofLogits)).Value, 1, 0, square);
    }

    /// <summary>
    /// The norm of the distillation, whose gradient is the same for all positions of a class: sqrt(sum_mc N_mc |table_mc|^2).
    /// </summary>
    public static double OfDistillation(IReadOnlyList<SegmentationSums> sums, LossCoefficients coefficients)
    {
        double squares = 0;
        for (int m = 0; m < sums.Count; m++)
        {
            for (int c = 0; c < sums[m].Counts.Count; c++)
            {
                foreach (double derivative in coefficients.TableRow(m, c))
                    squares += sums[m].Counts[c] * derivative * derivative;
            }
        }

        return Math.Sqrt(squares);
    }
}
