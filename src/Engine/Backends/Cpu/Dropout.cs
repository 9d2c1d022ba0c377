using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    private const int DropoutRun = 1024;

    public override void Dropout(Tensor x, DropoutMask mask, Tensor y)
    {
        T* source = PointerOf(x),
            target = PointerOf(y);
        ForRanges(
            y.Count,
            StreamingGrain,
            (from, to, _) => DropRange(mask, from, source + from, target + from, (int)(to - from))
        );
    }

    /// <summary>y = dropout(x) for the elements from number <paramref name="start"/> of the tensor; y may be x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DropRange(DropoutMask mask, long start, T* x, T* y, int count)
    {
        if (!mask.IsActive)
        {
            if (x != y)
                Unsafe.CopyBlockUnaligned(y, x, (uint)(count * sizeof(T)));
            return;
        }

        // A run may begin within a block, and the last vector may look behind the numbers it needs.
        ushort* numbers = stackalloc ushort[DropoutRun + (2 * PhiloxNumbers.PerBlock) + 64];
        TVector scale = TVector.Broadcast(T.CreateChecked(mask.Scale));
        TVector zero = TVector.Broadcast(T.Zero);
        var threshold = (uint)mask.Threshold;
        for (int done = 0; done < count; done += DropoutRun)
        {
            int run = Math.Min(DropoutRun, count - done);
            ulong first = (ulong)(start + done);
            int skipped = (int)(first % PhiloxNumbers.PerBlock);
            PhiloxNumbers.Fill(
                mask.Seed,
                mask.Stream,
                first / PhiloxNumbers.PerBlock,
                (skipped + run + PhiloxNumbers.PerBlock - 1) / PhiloxNumbers.PerBlock,
                numbers
            );
            int i = 0;
            for (; i + TVector.Count <= run; i += TVector.Count)
            {
                // Selected, not only multiplied: a dropped infinity is zero.
                TVector factor = TVector.WhereBelow(numbers + skipped + i, threshold, scale);
                TVector.Store(TVector.WhereGreater(factor, zero, TVector.Load(x + done + i) * factor, zero), y + done + i);
            }

            for (; i < run; i++)
                y[done + i] = numbers[skipped + i] < threshold ? x[done + i] * T.CreateChecked(mask.Scale) : T.Zero;
        }
    }
}
