using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void Sgd(SgdSettings settings, Tensor w, Tensor g, Tensor velocity)
    {
        T* weights = PointerOf(w),
            gradient = PointerOf(g),
            speed = PointerOf(velocity);
        ForRanges(
            w.Count,
            StreamingGrain,
            (from, to, _) => SgdRange(settings, weights + from, gradient + from, speed + from, (int)(to - from))
        );
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SgdRange(SgdSettings settings, T* w, T* g, T* velocity, int count)
    {
        TVector rate = Broadcast(settings.Rate),
            momentum = Broadcast(settings.Momentum),
            decay = Broadcast(settings.WeightDecay);
        for (int i = 0; i < count; i += TVector.Count)
        {
            TVector weight = LoadUpTo(w + i, count - i);
            TVector gradient = TVector.MultiplyAdd(decay, weight, LoadUpTo(g + i, count - i));
            TVector next = TVector.MultiplyAdd(momentum, LoadUpTo(velocity + i, count - i), gradient);
            TVector direction = settings.Nesterov ? TVector.MultiplyAdd(momentum, next, gradient) : next;
            StoreUpTo(next, velocity + i, count - i);
            StoreUpTo(weight - (rate * direction), w + i, count - i);
        }
    }
}
