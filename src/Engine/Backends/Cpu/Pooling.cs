using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    private delegate void PoolingBody(PoolingWindow window, int worker);

    public override void MaxPoolForward(PoolingProblem problem, Tensor x, Tensor y, Tensor choice)
    {
        T* source = PointerOf(x), target = PointerOf(y);
        byte* chosen = choice.HostPointer<byte>();
        int channels = problem.Channels;
        ForWindows(problem, (window, _) =>
        {
            for (int c = 0; c < channels; c++)
            {
                T best = T.Zero;
                int bestTap = -1;
                for (int d = window.Begin.Depth; d < window.End.Depth; d++)
                {
                    for (int h = window.Begin.Height; h < window.End.Height; h++)
                    {
                        for (int w = window.Begin.Width; w < window.End.Width; w++)
                        {
                            T element = source[window.InputOffset(d, h, w) + c];
                            if (bestTap < 0 || element > best)
                                (best, bestTap) = (element, window.Tap(d, h, w));
                        }
                    }
                }

                target[window.OutputOffset + c] = best;
                chosen[window.OutputOffset + c] = (byte)bestTap;
            }
        });
    }

    public override void MaxPoolBackward(PoolingProblem problem, Tensor gy, Tensor choice, Tensor gx)
    {
        T* source = PointerOf(gy), target = PointerOf(gx);
        byte* chosen = choice.HostPointer<byte>();
        Fill(gx, 0);
        ForWindows(problem, (window, _) =>
        {
            for (int c = 0; c < problem.Channels; c++)
                target[window.InputOffset(chosen[window.OutputOffset + c]) + c] += source[window.OutputOffset + c];
        });
    }

    public override void AveragePoolForward(PoolingProblem problem, Tensor x, Tensor y)
    {
        T* source = PointerOf(x), target = PointerOf(y);
        ForWindows(problem, (window, _) =>
        {
            for (int c = 0; c < problem.Channels; c++)
            {
                T sum = T.Zero;
                foreach (long offset in window.InputOffsets())
                    sum += source[offset + c];
                target[window.OutputOffset + c] = sum / T.CreateChecked(window.Count);
            }
        });
    }

    public override void AveragePoolBackward(PoolingProblem problem, Tensor gy, Tensor gx)
    {
        T* source = PointerOf(gy), target = PointerOf(gx);
        Fill(gx, 0);
        ForWindows(problem, (window, _) =>
        {
            T share = T.One / T.CreateChecked(window.Count);
            foreach (long offset in window.InputOffsets())
            {
                for (int c = 0; c < problem.Channels; c++)
                    target[offset + c] += source[window.OutputOffset + c] * share;
            }
        });
    }

    private static void ForWindows(PoolingProblem problem, PoolingBody body)
    {
        Size3 output = problem.Output;
        for (int n = 0; n < problem.Batch; n++)
        {
            for (int d = 0; d < output.Depth; d++)
            {
                for (int h = 0; h < output.Height; h++)
                {
                    for (int w = 0; w < output.Width; w++)
                        body(new PoolingWindow(problem, n, new Size3(d, h, w)), 0);
                }
            }
        }
    }
}
