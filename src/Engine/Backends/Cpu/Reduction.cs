using System.Numerics;
using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    /// <summary>Elements that one partial sum of <see cref="Sum"/> covers.</summary>
    private const int SumGrain = 1 << 15;

    private readonly AlignedScratch partialSums = new();

    /// <summary>Sums float64 partials over chunks fixed by the shape.</summary>
    public override void Sum(Tensor x, int outer, int reduced, int inner, Tensor y)
    {
        T* source = PointerOf(x),
            target = PointerOf(y);
        int chunk = Math.Max(SumGrain / inner, 1),
            chunks = (reduced + chunk - 1) / chunk;
        double* partials = partialSums.Get<double>((long)outer * chunks * inner);
        int rowsPerUnit = Math.Max(SumGrain / (Math.Min(chunk, reduced) * inner), 1);
        ForRanges(
            (long)outer * chunks,
            rowsPerUnit,
            (from, to, _) =>
            {
                for (long unit = from; unit < to; unit++)
                {
                    int first = (int)(unit % chunks) * chunk,
                        rows = Math.Min(chunk, reduced - first);
                    SumRows(source + (((unit / chunks * reduced) + first) * inner), rows, inner, partials + (unit * inner));
                }
            }
        );

        for (long row = 0; row < outer; row++)
        {
            for (int i = 0; i < inner; i++)
            {
                double sum = 0;
                for (int c = 0; c < chunks; c++)
                    sum += partials[(((row * chunks) + c) * inner) + i];
                target[(row * inner) + i] = T.CreateTruncating(sum);
            }
        }
    }

    public override void Broadcast(Tensor x, int outer, int repeated, int inner, Tensor y)
    {
        T* source = PointerOf(x),
            target = PointerOf(y);
        ForRanges(
            (long)outer * repeated,
            Math.Max(StreamingGrain / inner, 1),
            (from, to, _) =>
            {
                for (long row = from; row < to; row++)
                    new Span<T>(source + (row / repeated * inner), inner).CopyTo(new Span<T>(target + (row * inner), inner));
            }
        );
    }

    public override void CopyChannels(Tensor x, int xStart, Tensor y, int yStart, int count)
    {
        T* source = PointerOf(x),
            target = PointerOf(y);
        int xChannels = x.Shape[^1],
            yChannels = y.Shape[^1];
        ForRanges(
            x.Count / xChannels,
            Math.Max(StreamingGrain / count, 1),
            (from, to, _) =>
            {
                for (long p = from; p < to; p++)
                    new Span<T>(source + (p * xChannels) + xStart, count).CopyTo(
                        new Span<T>(target + (p * yChannels) + yStart, count)
                    );
            }
        );
    }

    /// <summary>sums[i] = sum over the rows of x[row, i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumRows(T* x, int rows, int inner, double* sums)
    {
        new Span<double>(sums, inner).Clear();
        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < inner; i++)
                sums[i] += double.CreateTruncating(x[((long)row * inner) + i]);
        }
    }
}
