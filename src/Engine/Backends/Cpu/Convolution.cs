using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void ConvolutionForward(ConvolutionProblem problem, Tensor x, Tensor w, Tensor? bias, Tensor y, bool accumulate = false)
        => convolution.Forward(problem, PointerOf(x), PointerOf(w), PointerOrNull(bias), PointerOf(y), accumulate);

    public override void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx)
        => convolution.BackwardData(problem, PointerOf(gy), PointerOf(w), PointerOf(gx));

    public override void ConvolutionBackwardWeights(ConvolutionProblem problem, Tensor x, Tensor gy, Tensor gw)
        => convolution.BackwardWeights(problem, PointerOf(x), PointerOf(gy), PointerOf(gw));

    /// <remarks>Normalized on load where the convolution transforms its input anyway. Dropout draws its numbers once per element, not once per tile that reads it: with dropout it comes first.</remarks>
    public override void FusedConvolutionForward(
        ConvolutionProblem problem, InputNormalization? input, Tensor x, Tensor w, Tensor? bias, Tensor y, OutputStatistics? statistics, bool accumulate = false)
    {
        if (!IsFused(input) || !convolution.TryForward(problem, LoadTransformOf(input!), (float*)PointerOf(x), (float*)PointerOf(w), (float*)PointerOrNull(bias), (float*)PointerOf(y), accumulate))
            base.FusedConvolutionForward(problem, input, x, w, bias, y, statistics, accumulate);
        else if (statistics is not null)
            NormalizationStatistics(statistics.Problem, y, statistics.Mean, statistics.Variance);
    }

    /// <inheritdoc cref="FusedConvolutionForward"/>
    public override void FusedConvolutionBackwardWeights(ConvolutionProblem problem, InputNormalization? input, Tensor x, Tensor gy, Tensor gw)
    {
        if (!IsFused(input) || !convolution.TryBackwardWeights(problem, LoadTransformOf(input!), (float*)PointerOf(x), (float*)PointerOf(gy), (float*)PointerOf(gw)))
            base.FusedConvolutionBackwardWeights(problem, input, x, gy, gw);
    }

    private static bool IsFused(InputNormalization? input) => typeof(T) == typeof(float) && input is { Problem.Dropout.IsActive: false };

    private LoadTransform LoadTransformOf(InputNormalization input)
    {
        NormalizationProblem problem = input.Problem;
        double[][] values = ScalesAndShifts(new NormalizationPlan(problem, TVector.Count), input.Mean, input.Variance, input.Gamma, input.Beta);
        float* scales = coefficients.Get<float>(2L * values[0].Length), shifts = scales + values[0].Length;
        for (int i = 0; i < values[0].Length; i++)
            (scales[i], shifts[i]) = ((float)values[0][i], (float)values[1][i]);
        return new LoadTransform(scales, shifts, (float)problem.Slope);
    }
}
