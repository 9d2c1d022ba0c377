using System.Runtime.CompilerServices;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void Dropout(Tensor x, DropoutMask mask, Tensor y)
    {
        T* source = PointerOf(x), target = PointerOf(y);
        ForRanges(y.Count, StreamingGrain, (from, to, _) => DropRange(mask, from, source + from, target + from, (int)(to - from)));
    }

    /// <summary>y = dropout(x) for the elements from number <paramref name="start"/> of the tensor; y may be x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DropRange(DropoutMask mask, long start, T* x, T* y, int count)
    {
        if (!mask.IsActive)
        {
            Unsafe.CopyBlockUnaligned(y, x, (uint)(count * sizeof(T)));
            return;
        }

        T scale = T.CreateChecked(mask.Scale);
        (uint stream0, uint stream1) = ((uint)mask.Stream, (uint)(mask.Stream >> 32));
        for (int i = 0; i < count; i++)
        {
            ulong element = (ulong)(start + i), block = element / 8;
            PhiloxWords words = Philox.Block(mask.Seed, (uint)block, (uint)(block >> 32), stream0, stream1);
            int lane = (int)(element % 8);
            uint word = (lane / 2) switch { 0 => words.X, 1 => words.Y, 2 => words.Z, _ => words.W };
            uint number = (lane % 2) == 0 ? word & 0xFFFF : word >> 16;
            y[i] = number < mask.Threshold ? x[i] * scale : T.Zero;
        }
    }
}
