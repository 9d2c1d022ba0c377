using ILGPU;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    public override void Sgd(SgdSettings settings, Tensor w, Tensor g, Tensor velocity) =>
        launcher.Launch(
            SgdKernel,
            w.Count,
            new SgdArguments
            {
                W = w.View<T>(),
                G = g.View<T>(),
                Velocity = velocity.View<T>(),
                Rate = settings.Rate,
                Momentum = settings.Momentum,
                WeightDecay = settings.WeightDecay,
                Nesterov = settings.Nesterov ? 1 : 0,
            }
        );

    private static void SgdKernel(SgdArguments p)
    {
        for (long i = Items.First; i < p.W.Length; i += Items.Stride)
        {
            double w = TElement.Load(p.W[i]),
                g = TElement.Load(p.G[i]) + (p.WeightDecay * w);
            double velocity = (p.Momentum * TElement.Load(p.Velocity[i])) + g;
            p.Velocity[i] = TElement.Store(velocity);
            p.W[i] = TElement.Store(w - (p.Rate * (p.Nesterov != 0 ? g + (p.Momentum * velocity) : velocity)));
        }
    }

    internal struct SgdArguments
    {
        public ArrayView<T> W,
            G,
            Velocity;
        public double Rate,
            Momentum,
            WeightDecay;
        public int Nesterov;
    }
}
