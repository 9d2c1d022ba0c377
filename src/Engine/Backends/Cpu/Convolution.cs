using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void ConvolutionForward(
        ConvolutionProblem problem,
        Tensor x,
        Tensor w,
        Tensor? bias,
        Tensor y,
        bool accumulate = false
    )
    {
        using Tensor? rx = Rounded(x),
            rw = Rounded(w);
        convolution.Forward(problem, PointerOf(rx ?? x), PointerOf(rw ?? w), PointerOrNull(bias), PointerOf(y), accumulate);
    }

    public override void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx)
    {
        using Tensor? rgy = Rounded(gy),
            rw = Rounded(w);
        using Tensor? padded =
            problem.Padding == PaddingMode.Symmetric
                ? Tensor.Allocate(Device, CpuConvolution.PaddedShape(problem), gx.DType).Detach()
                : null;
        convolution.BackwardData(problem, PointerOf(rgy ?? gy), PointerOf(rw ?? w), PointerOf(gx), PointerOrNull(padded));
    }

    public override void ConvolutionBackwardWeights(ConvolutionProblem problem, Tensor x, Tensor gy, Tensor gw)
    {
        using Tensor? rx = Rounded(x),
            rgy = Rounded(gy);
        convolution.BackwardWeights(problem, PointerOf(rx ?? x), PointerOf(rgy ?? gy), PointerOf(gw));
    }

    /// <remarks>
    /// Normalized on load where the convolution transforms its input anyway. Dropout draws its numbers once per element, not once
    /// per tile that reads it: with dropout it comes first. What is rounded must be there before, too.
    /// </remarks>
    public override bool FusesConvolution(ConvolutionProblem problem, InputNormalization? input, Tensor x) =>
        typeof(T) == typeof(float)
        && !roundsOperands
        && input is { Problem.Dropout.IsActive: false }
        && convolution.TransformsOnLoad(problem);

    public override void FusedConvolutionForward(
        ConvolutionProblem problem,
        InputNormalization? input,
        Tensor x,
        Tensor w,
        Tensor? bias,
        Tensor y,
        OutputStatistics? statistics,
        bool accumulate = false
    )
    {
        if (!FusesConvolution(problem, input, x))
        {
            base.FusedConvolutionForward(problem, input, x, w, bias, y, statistics, accumulate);
            return;
        }

        convolution.Forward(
            problem,
            LoadTransformOf(input!),
            (float*)PointerOf(x),
            (float*)PointerOf(w),
            (float*)PointerOrNull(bias),
            (float*)PointerOf(y),
            accumulate
        );
        if (statistics is not null)
            NormalizationStatistics(statistics.Problem, y, statistics.Mean, statistics.Variance);
    }

    public override void FusedConvolutionBackward(
        ConvolutionProblem problem,
        InputNormalization? input,
        Tensor x,
        Tensor gy,
        Tensor w,
        Tensor? gw,
        Tensor? gx
    )
    {
        if (gw is not null && FusesConvolution(problem, input, x))
        {
            convolution.BackwardWeights(
                problem,
                LoadTransformOf(input!),
                (float*)PointerOf(x),
                (float*)PointerOf(gy),
                (float*)PointerOf(gw)
            );
            gw = null;
        }

        base.FusedConvolutionBackward(problem, input, x, gy, w, gw, gx);
    }

    private LoadTransform LoadTransformOf(InputNormalization input)
    {
        NormalizationProblem problem = input.Problem;
        double[][] values = ScalesAndShifts(
            new NormalizationPlan(problem, TVector.Count),
            ReciprocalDeviations(problem, input.Variance),
            ToDoubles(input.Mean),
            ToDoubles(input.Gamma),
            ToDoubles(input.Beta)
        );
        float* scales = coefficients.Get<float>(2L * values[0].Length),
            shifts = scales + values[0].Length;
        for (int i = 0; i < values[0].Length; i++)
            (scales[i], shifts[i]) = ((float)values[0][i], (float)values[1][i]);
        return new LoadTransform(scales, shifts, (float)problem.Slope);
    }
}
