using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    private delegate void PoolingBody(in PoolingWindow window);

    public override void MaxPoolForward(PoolingProblem problem, Tensor x, Tensor y, Tensor choice)
    {
        T* source = PointerOf(x),
            target = PointerOf(y);
        byte* chosen = choice.HostPointer<byte>();
        ForWindows(
            problem,
            (in window) =>
                MaximumOfWindow(window, problem.Channels, source, target + window.OutputOffset, chosen + window.OutputOffset)
        );
    }

    public override void MaxPoolBackward(PoolingProblem problem, Tensor gy, Tensor choice, Tensor gx)
    {
        T* source = PointerOf(gy),
            target = PointerOf(gx);
        byte* chosen = choice.HostPointer<byte>();
        Fill(gx, 0);
        ForWindows(
            problem,
            (in window) =>
            {
                for (int c = 0; c < problem.Channels; c++)
                    target[window.InputOffset(chosen[window.OutputOffset + c]) + c] += source[window.OutputOffset + c];
            }
        );
    }

    public override void AveragePoolForward(PoolingProblem problem, Tensor x, Tensor y)
    {
        T* source = PointerOf(x),
            target = PointerOf(y);
        ForWindows(
            problem,
            (in window) =>
            {
                T share = T.One / T.CreateChecked(window.Count);
                T* mean = target + window.OutputOffset;
                new Span<T>(mean, problem.Channels).Clear();
                for (int tap = 0; tap < problem.Window.Count; tap++)
                {
                    if (window.Holds(tap))
                        AddScaled(source + window.InputOffset(tap), share, mean, problem.Channels);
                }
            }
        );
    }

    public override void AveragePoolBackward(PoolingProblem problem, Tensor gy, Tensor gx)
    {
        T* source = PointerOf(gy),
            target = PointerOf(gx);
        Fill(gx, 0);
        ForWindows(
            problem,
            (in window) =>
            {
                T share = T.One / T.CreateChecked(window.Count);
                for (int tap = 0; tap < problem.Window.Count; tap++)
                {
                    if (window.Holds(tap))
                        AddScaled(source + window.OutputOffset, share, target + window.InputOffset(tap), problem.Channels);
                }
            }
        );
    }

    /// <summary>
    /// Calls the body for every output position. Rows of windows that may overlap in the input are of one unit, so that backward
    /// passes add in one order.
    /// </summary>
    private void ForWindows(PoolingProblem problem, PoolingBody body)
    {
        var plan = new PoolingPlan(problem);
        Size3 output = plan.Output;
        bool overlap = problem.Stride.Height < problem.Window.Height || problem.Stride.Depth < problem.Window.Depth;
        int rows = problem.Batch * output.Depth * output.Height;
        int grain = overlap
            ? output.Depth * output.Height
            : Math.Max(1, StreamingGrain / (output.Width * problem.Channels * problem.Window.Count));
        ForRanges(
            rows,
            grain,
            (from, to, _) =>
            {
                for (int row = (int)from; row < to; row++)
                {
                    (int plane, int h) = Math.DivRem(row, output.Height);
                    (int n, int d) = Math.DivRem(plane, output.Depth);
                    for (int w = 0; w < output.Width; w++)
                        body(new PoolingWindow(plan, n, d, h, w));
                }
            }
        );
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MaximumOfWindow(in PoolingWindow window, int channels, T* x, T* y, byte* chosen)
    {
        int first = window.FirstTap,
            taps = window.Taps;
        byte* bytes = stackalloc byte[TVector.Count];
        for (int c = 0; c < channels; c += TVector.Count)
        {
            int lanes = Math.Min(TVector.Count, channels - c);
            TVector best = LoadUpTo(x + window.InputOffset(first) + c, lanes),
                choice = TVector.Broadcast(T.CreateTruncating(first));
            for (int tap = first + 1; tap < taps; tap++)
            {
                if (!window.Holds(tap))
                    continue;
                TVector value = LoadUpTo(x + window.InputOffset(tap) + c, lanes);
                choice = TVector.WhereGreater(value, best, TVector.Broadcast(T.CreateTruncating(tap)), choice);
                best = TVector.WhereGreater(value, best, value, best);
            }

            StoreUpTo(best, y + c, lanes);
            TVector.StoreBytes(choice, bytes);
            Unsafe.CopyBlockUnaligned(chosen + c, bytes, (uint)lanes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddScaled(T* x, T scale, T* y, int count)
    {
        TVector scales = TVector.Broadcast(scale);
        for (int i = 0; i < count; i += TVector.Count)
            StoreUpTo(TVector.MultiplyAdd(LoadUpTo(x + i, count - i), scales, LoadUpTo(y + i, count - i)), y + i, count - i);
    }
}
