using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>
/// Transposed convolution with output = input * stride, aligned as TensorFlow's SAME: it is the data gradient of the convolution
/// that maps the output back onto the input, y[s i + k - padBefore] += x[i] w[k].
/// </summary>
public static class TransposedConvolution
{
    /// <param name="tape">Records the operation.</param>
    /// <param name="x">(N, D, H, W, C).</param>
    /// <param name="w">(kd, kh, kw, K, C): output channels before input channels, as in TensorFlow.</param>
    /// <param name="stride">Factor of enlargement per axis.</param>
    /// <param name="bias">Added per output channel, if given.</param>
    /// <param name="type">Element type of the result, such as <see cref="Backend.ActivationType"/> says; that of the weights if
    /// not given.</param>
    /// <returns>(N, D sd, H sh, W sw, K).</returns>
    public static Variable ConvolveTransposed(
        this Tape tape,
        Variable x,
        Variable w,
        Size3 stride,
        Variable? bias = null,
        DType? type = null
    )
    {
        if (x.Shape.Rank != 5 || w.Shape.Rank != 5 || x.Shape[4] != w.Shape[4])
            throw new ArgumentException(
                $"transposed convolution of {x.Shape} needs weights (depth, height, width, output channels, "
                    + $"{x.Shape[^1]}), not {w.Shape}"
            );
        var output = new Shape(
            x.Shape[0],
            x.Shape[1] * stride.Depth,
            x.Shape[2] * stride.Height,
            x.Shape[3] * stride.Width,
            w.Shape[3]
        );
        ConvolutionProblem problem = ConvolutionProblem.Same(output, w.Shape, stride);
        if (bias is null)
            return tape.ConvolveBackwardData(problem, x, w, type);
        Variable y = tape.ConvolveBackwardData(problem, x, w);
        return tape.Convert(tape.Add(y, tape.Broadcast(bias, y.Shape, 0, 4)), type ?? y.DType);
    }
}
