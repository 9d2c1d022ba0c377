using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    private delegate void TapBody(long output, long input, long weight);

    public override void ConvolutionForward(ConvolutionProblem problem, Tensor x, Tensor w, Tensor? bias, Tensor y)
    {
        T* source = PointerOf(x), weights = PointerOf(w), offset = PointerOrNull(bias), target = PointerOf(y);
        for (long i = 0; i < y.Count; i++)
            target[i] = offset == null ? T.Zero : offset[i % problem.OutputChannels];
        ForTaps(problem, (output, input, weight) =>
        {
            for (int c = 0; c < problem.InputChannels; c++)
            {
                for (int k = 0; k < problem.OutputChannels; k++)
                    target[output + k] += source[input + c] * weights[weight + ((long)c * problem.OutputChannels) + k];
            }
        });
    }

    public override void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx)
    {
        T* source = PointerOf(gy), weights = PointerOf(w), target = PointerOf(gx);
        Fill(gx, 0);
        ForTaps(problem, (output, input, weight) =>
        {
            for (int c = 0; c < problem.InputChannels; c++)
            {
                for (int k = 0; k < problem.OutputChannels; k++)
                    target[input + c] += source[output + k] * weights[weight + ((long)c * problem.OutputChannels) + k];
            }
        });
    }

    public override void ConvolutionBackwardWeights(ConvolutionProblem problem, Tensor x, Tensor gy, Tensor gw)
    {
        T* source = PointerOf(x), gradient = PointerOf(gy), target = PointerOf(gw);
        Fill(gw, 0);
        ForTaps(problem, (output, input, weight) =>
        {
            for (int c = 0; c < problem.InputChannels; c++)
            {
                for (int k = 0; k < problem.OutputChannels; k++)
                    target[weight + ((long)c * problem.OutputChannels) + k] += source[input + c] * gradient[output + k];
            }
        });
    }

    private static void ForTaps(ConvolutionProblem problem, TapBody body)
    {
        (Size3 output, Size3 input, Size3 kernel) = (problem.Output, problem.Input, problem.Kernel);
        for (int n = 0; n < problem.Batch; n++)
        {
            for (int o = 0; o < output.Count; o++)
            {
                Size3 at = Position(o, output);
                for (int t = 0; t < kernel.Count; t++)
                {
                    Size3 tap = Position(t, kernel);
                    int d = Source(problem, at, tap, 0), h = Source(problem, at, tap, 1), w = Source(problem, at, tap, 2);
                    if (d < 0 || h < 0 || w < 0)
                        continue;
                    long element = ((((((long)n * input.Depth) + d) * input.Height) + h) * input.Width) + w;
                    body(
                        (((long)n * output.Count) + o) * problem.OutputChannels,
                        element * problem.InputChannels,
                        (long)t * problem.InputChannels * problem.OutputChannels);
                }
            }
        }
    }

    private static Size3 Position(int index, Size3 size)
        => new(index / (size.Height * size.Width), index / size.Width % size.Height, index % size.Width);

    /// <summary>The input coordinate under a tap; -1 in zero padding.</summary>
    private static int Source(ConvolutionProblem problem, Size3 at, Size3 tap, int axis)
    {
        int i = (at[axis] * problem.Stride[axis]) + (tap[axis] * problem.Dilation[axis]) - problem.PadBefore[axis];
        int extent = problem.Input[axis];
        if (i >= 0 && i < extent)
            return i;
        if (problem.Padding == PaddingMode.Zero)
            return -1;
        return i < 0 ? -1 - i : (2 * extent) - 1 - i;
    }
}
