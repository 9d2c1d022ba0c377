using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>
/// Convolution, its data gradient and its weight gradient. The three are bilinear, and each one's gradients are the other two,
/// so derivatives of any order exist. The data gradient is also the transposed convolution.
/// </summary>
public static class Convolution
{
    /// <summary>y = x * w (+ bias per output channel).</summary>
    /// <param name="tape">Records the operation.</param>
    /// <param name="problem">Sizes.</param>
    /// <param name="x">(N, D, H, W, C).</param>
    /// <param name="w">(kd, kh, kw, C, K).</param>
    /// <param name="bias">(K), if given.</param>
    /// <param name="type">Element type of y, such as <see cref="Backend.ActivationType"/> says; that of the weights if not
    /// given.</param>
    public static Variable Convolve(
        this Tape tape,
        ConvolutionProblem problem,
        Variable x,
        Variable w,
        Variable? bias = null,
        DType? type = null
    )
    {
        problem.Validate();
        Tensor y = tape.Allocate(problem.OutputShape, type ?? w.DType);
        tape.Backend.ConvolutionForward(problem, x.Value, w.Value, bias?.Value, y);
        return tape.Record(
            "convolution",
            y,
            bias is null ? [x, w] : [x, w, bias],
            (gy, wanted) =>
            {
                Variable? gx = wanted[0] ? tape.ConvolveBackwardData(problem, gy, w, x.DType) : null;
                Variable? gw = wanted[1] ? tape.ConvolveBackwardWeights(problem, x, gy) : null;
                return bias is null ? [gx, gw] : [gx, gw, wanted[2] ? tape.Sum(tape.Convert(gy, bias.DType), 0, 4) : null];
            },
            keeps: [x, w]
        );
    }

    /// <summary>
    /// The gradient for the input of a convolution; with <paramref name="gy"/> as input, a transposed convolution.
    /// </summary>
    /// <param name="tape">Records the operation.</param>
    /// <param name="problem">Sizes of the convolution.</param>
    /// <param name="gy">The gradient for the convolution's output.</param>
    /// <param name="w">(kd, kh, kw, C, K).</param>
    /// <param name="type">Element type of the result; that of the weights if not given.</param>
    public static Variable ConvolveBackwardData(
        this Tape tape,
        ConvolutionProblem problem,
        Variable gy,
        Variable w,
        DType? type = null
    )
    {
        problem.Validate();
        Tensor gx = tape.Allocate(problem.InputShape, type ?? w.DType);
        tape.Backend.ConvolutionBackwardData(problem, gy.Value, w.Value, gx);
        return tape.Record(
            "convolution data gradient",
            gx,
            [gy, w],
            (ggx, wanted) =>
                [
                    wanted[0] ? tape.Convolve(problem, ggx, w, type: gy.DType) : null,
                    wanted[1] ? tape.ConvolveBackwardWeights(problem, ggx, gy) : null,
                ]
        );
    }

    /// <summary>The gradient for the weights of a convolution.</summary>
    public static Variable ConvolveBackwardWeights(this Tape tape, ConvolutionProblem problem, Variable x, Variable gy)
    {
        problem.Validate();
        Tensor gw = tape.Allocate(problem.WeightShape, gy.DType.Arithmetic());
        tape.Backend.ConvolutionBackwardWeights(problem, x.Value, gy.Value, gw);
        return tape.Record(
            "convolution weight gradient",
            gw,
            [x, gy],
            (ggw, wanted) =>
                [
                    wanted[0] ? tape.ConvolveBackwardData(problem, gy, ggw, x.DType) : null,
                    wanted[1] ? tape.Convolve(problem, x, ggw, type: gy.DType) : null,
                ]
        );
    }
}
