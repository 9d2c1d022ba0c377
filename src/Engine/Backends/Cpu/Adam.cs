using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void Adam(AdamSettings settings, Tensor w, Tensor g, Tensor m, Tensor v)
    {
        T* weights = PointerOf(w),
            gradient = PointerOf(g),
            first = PointerOf(m),
            second = PointerOf(v);
        ForRanges(
            w.Count,
            StreamingGrain,
            (from, to, _) =>
            {
                int count = (int)(to - from),
                    whole = count / TVector.Count * TVector.Count;
                AdamRange(settings, weights + from, gradient + from, first + from, second + from, whole);
                AdamTail(
                    settings,
                    weights + from + whole,
                    gradient + from + whole,
                    first + from + whole,
                    second + from + whole,
                    count - whole
                );
            }
        );
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AdamRange(AdamSettings settings, T* w, T* g, T* m, T* v, int count)
    {
        TVector rate = Broadcast(settings.Rate),
            l2 = Broadcast(settings.L2),
            epsilon = Broadcast(settings.Epsilon);
        TVector beta1 = Broadcast(settings.Beta1),
            rest1 = Broadcast(1 - settings.Beta1);
        TVector beta2 = Broadcast(settings.Beta2),
            rest2 = Broadcast(1 - settings.Beta2);
        for (int i = 0; i < count; i += TVector.Count)
        {
            TVector weight = TVector.Load(w + i);
            TVector gradient = TVector.MultiplyAdd(l2, weight, TVector.Load(g + i));
            TVector first = TVector.MultiplyAdd(beta1, TVector.Load(m + i), rest1 * gradient);
            TVector second = TVector.MultiplyAdd(beta2, TVector.Load(v + i), rest2 * gradient * gradient);
            TVector.Store(first, m + i);
            TVector.Store(second, v + i);
            TVector.Store(weight - (rate * first / (TVector.Sqrt(second) + epsilon)), w + i);
        }
    }

    /// <summary>The last elements, through one padded vector each.</summary>
    private static void AdamTail(AdamSettings settings, T* w, T* g, T* m, T* v, int count)
    {
        TVector weight = PartialVector.Load<TVector, T>(w, count),
            gradient = PartialVector.Load<TVector, T>(g, count);
        TVector first = PartialVector.Load<TVector, T>(m, count),
            second = PartialVector.Load<TVector, T>(v, count);
        AdamRange(settings, (T*)&weight, (T*)&gradient, (T*)&first, (T*)&second, count);
        PartialVector.Store(weight, w, count);
        PartialVector.Store(first, m, count);
        PartialVector.Store(second, v, count);
    }
}
