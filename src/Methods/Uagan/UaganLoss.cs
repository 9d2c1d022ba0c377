using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.Uagan;

/// <summary>
/// The losses of UAGAN that are no one else's, each a scalar on the tape. Wasserstein critic with gradient penalty: Gulrajani et
/// al. 2017, arXiv:1704.00028.
/// </summary>
internal static class UaganLoss
{
    /// <summary>Under the root, where the derivative at zero would be infinite.</summary>
    private const double Smallest = 1e-12;

    /// <summary>Mean over samples of (||d sum realness / d image|| - 1)^2, which can be differentiated again.</summary>
    /// <param name="tape">Recorded the way from images to realness by operations of second order.</param>
    /// <param name="images">(N, D, H, W, C), a leaf that requires gradients.</param>
    /// <param name="realness">Of the images.</param>
    public static Variable GradientPenalty(Tape tape, Variable images, Variable realness)
    {
        Variable slope = tape.Gradients(tape.Sum(realness), [images], createGraph: true)[0],
            steepness = tape.Sqrt(tape.Sum(slope * slope, first: 1, axes: images.Shape.Rank - 1) + Smallest),
            excess = steepness - 1;
        return tape.Mean(excess * excess);
    }

    /// <summary>Mean over samples of the cross-entropy of their modality.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="logits">(N, modalities).</param>
    /// <param name="code">(N, modalities): one at the right one, zero elsewhere.</param>
    public static Variable Classification(Tape tape, Variable logits, Variable code) =>
        tape.Sum(code * tape.LogSoftmax(logits)) / -logits.Shape[0];

    /// <summary>
    /// Rows of a matrix in random order, by device operations that can be recorded: each row goes where its key stands among all
    /// keys in ascending order.
    /// </summary>
    /// <param name="tape">Records the operations; no gradient flows.</param>
    /// <param name="keys">(N), all different.</param>
    /// <param name="places">(N): 0, 1, ..., N - 1.</param>
    /// <param name="rows">(N, columns).</param>
    /// <returns>Of row i, that of the rows whose number is the rank of key i.</returns>
    public static Variable Permute(Tape tape, Variable keys, Variable places, Variable rows)
    {
        int count = rows.Shape[0];
        var square = new Shape(count, count);

        // Signs of key i - key j add up to those below less those above: twice the rank less N - 1.
        Variable signs = Sign(tape, tape.Broadcast(keys, square, 1, 1) - tape.Broadcast(keys, square, 0, 1)),
            ranks = (tape.Sum(signs, first: 1, axes: 1) + (count - 1)) / 2,
            misses = tape.Abs(Sign(tape, tape.Broadcast(ranks, square, 1, 1) - tape.Broadcast(places, square, 0, 1)));
        return tape.MatMul(1 - misses, rows);
    }

    private static Variable Sign(Tape tape, Variable x)
    {
        Tensor sign = tape.Allocate(x.Shape, x.DType);
        tape.Backend.Unary(UnaryFunction.Sign, x.Value, sign);
        return tape.Input(sign);
    }
}
