using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>What a convolution does to its input while it reads it: dropout, normalization and leaky ReLU.</summary>
/// <param name="Problem">Sizes, kind, slope and dropout.</param>
/// <param name="Mean">(rows, groups).</param>
/// <param name="Variance">(rows, groups), biased.</param>
/// <param name="Gamma">(modalities, channels).</param>
/// <param name="Beta">(modalities, channels).</param>
/// <param name="OfInput">Whether mean and variance are the input's own (training), which gradients flow through and the operation frees; else constants of the caller's.</param>
public sealed record NormalizedInput(NormalizationProblem Problem, Tensor Mean, Tensor Variance, Variable Gamma, Variable Beta, bool OfInput);

/// <summary>
/// y = leakyReLU(normalize(dropout(x))) * w in one operation, the form of every layer of a pre-activation network. The normalized input is never stored: only x and its
/// statistics are kept, and both gradients recompute what they need on load.
/// </summary>
public static class NormalizedConvolution
{
    /// <param name="tape">Records the operation.</param>
    /// <param name="problem">Sizes of the convolution.</param>
    /// <param name="input">Normalization of x.</param>
    /// <param name="x">(N, D, H, W, C).</param>
    /// <param name="w">(kd, kh, kw, C, K).</param>
    /// <param name="statistics">Receives the statistics of y that its reader will normalize by, if given.</param>
    public static Variable ConvolveNormalized(
        this Tape tape, ConvolutionProblem problem, NormalizedInput input, Variable x, Variable w, OutputStatistics? statistics = null)
    {
        problem.Validate();
        input.Problem.Validate();
        tape.RequireFirstOrder("normalized convolution");
        var normalization = new InputNormalization(input.Problem, input.Mean, input.Variance, input.Gamma.Value, input.Beta.Value);
        Tensor y = tape.Allocate(problem.OutputShape, x.DType);
        tape.Backend.FusedConvolutionForward(problem, normalization, x.Value, w.Value, null, y, statistics);
        return tape.Record(
            "normalized convolution", y, [x, input.Gamma, input.Beta, w], Backward, saved: input.OfInput ? [input.Mean, input.Variance] : []);

        Variable?[] Backward(Variable gy, ReadOnlySpan<bool> wanted)
        {
            tape.RequireFirstOrder("normalized convolution");
            Tensor? gx = wanted[0] ? tape.Allocate(x.Shape, x.DType) : null;
            Tensor? ggamma = wanted[1] ? tape.Allocate(input.Gamma.Shape, x.DType) : null;
            Tensor? gbeta = wanted[2] ? tape.Allocate(input.Beta.Shape, x.DType) : null;
            Tensor? gw = wanted[3] ? tape.Allocate(w.Shape, x.DType) : null;
            if (gw is not null)
                tape.Backend.FusedConvolutionBackwardWeights(problem, normalization, x.Value, gy.Value, gw);
            if (gx is not null || ggamma is not null || gbeta is not null)
            {
                using Tensor gnormalized = tape.Allocate(x.Shape, x.DType).Detach();
                tape.Backend.ConvolutionBackwardData(problem, gy.Value, w.Value, gnormalized);
                tape.Backend.NormalizationBackward(
                    input.Problem, input.OfInput, gnormalized, x.Value, input.Mean, input.Variance, input.Gamma.Value, input.Beta.Value, gx, ggamma, gbeta);
            }

            return [Wrap(gx), Wrap(ggamma), Wrap(gbeta), Wrap(gw)];
        }
    }

    private static Variable? Wrap(Tensor? tensor) => tensor is null ? null : new Variable(tensor);
}
