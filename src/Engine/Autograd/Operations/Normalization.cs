using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>
/// Dropout, per-modality normalization and leaky ReLU in one: y = leakyReLU(gamma (dropout(x) - mean) / sqrt(variance + epsilon)
/// + beta).
/// Only x and the statistics are kept for the backward pass; y is recomputed if it was released. x may be stored as bfloat16; y
/// has the type of gamma.
/// </summary>
public static class Normalization
{
    /// <summary>Normalizes by the moments of x itself.</summary>
    /// <param name="tape">Records the operation.</param>
    /// <param name="problem">Sizes, kind, slope and dropout.</param>
    /// <param name="x">(samples, positions..., channels).</param>
    /// <param name="gamma">(modalities, channels).</param>
    /// <param name="beta">(modalities, channels).</param>
    /// <param name="observe">Sees mean and biased variance, each (rows, groups): for running statistics.</param>
    public static Variable Normalize(
        this Tape tape,
        NormalizationProblem problem,
        Variable x,
        Variable gamma,
        Variable beta,
        Action<Tensor, Tensor>? observe = null
    )
    {
        problem.Validate();
        Tensor mean = tape.Allocate(problem.StatisticsShape, gamma.DType);
        Tensor variance = tape.Allocate(problem.StatisticsShape, gamma.DType);
        tape.Backend.NormalizationStatistics(problem, x.Value, mean, variance);
        observe?.Invoke(mean, variance);
        return tape.Normalize(problem, x, mean, variance, gamma, beta, throughStatistics: true, [mean, variance]);
    }

    /// <summary>Normalizes by given constants, such as running statistics; they stay the caller's.</summary>
    public static Variable NormalizeBy(
        this Tape tape,
        NormalizationProblem problem,
        Variable x,
        Tensor mean,
        Tensor variance,
        Variable gamma,
        Variable beta
    ) => tape.Normalize(problem.Validate(), x, mean, variance, gamma, beta, throughStatistics: false, []);

    /// <summary>Normalizes as a convolution would on load, for readers that cannot.</summary>
    public static Variable Normalize(this Tape tape, NormalizedInput input, Variable x) =>
        tape.Normalize(
            input.Problem.Validate(),
            x,
            input.Mean,
            input.Variance,
            input.Gamma,
            input.Beta,
            input.OfInput,
            input.Saved
        );

    private static Variable Normalize(
        this Tape tape,
        NormalizationProblem problem,
        Variable x,
        Tensor mean,
        Tensor variance,
        Variable gamma,
        Variable beta,
        bool throughStatistics,
        Tensor[] saved
    )
    {
        tape.RequireFirstOrder("normalization");
        return tape.Record("normalization", Forward(), [x, gamma, beta], Backward, recompute: Forward, saved: saved);

        Tensor Forward()
        {
            Tensor y = tape.Allocate(x.Shape, gamma.DType);
            tape.Backend.NormalizationForward(problem, x.Value, mean, variance, gamma.Value, beta.Value, y);
            return y;
        }

        Variable?[] Backward(Variable gy, ReadOnlySpan<bool> wanted)
        {
            tape.RequireFirstOrder("normalization");
            Tensor? gx = wanted[0] ? tape.Allocate(x.Shape, x.DType) : null;
            Tensor? ggamma = wanted[1] ? tape.Allocate(gamma.Shape, gamma.DType) : null;
            Tensor? gbeta = wanted[2] ? tape.Allocate(beta.Shape, beta.DType) : null;
            tape.Backend.NormalizationBackward(
                problem,
                throughStatistics,
                gy.Value,
                x.Value,
                mean,
                variance,
                gamma.Value,
                beta.Value,
                gx,
                ggamma,
                gbeta
            );
            return [Wrap(gx), Wrap(ggamma), Wrap(gbeta)];
        }
    }

    private static Variable? Wrap(Tensor? tensor) => tensor is null ? null : new Variable(tensor);
}
