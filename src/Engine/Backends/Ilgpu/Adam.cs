using ILGPU;
using ILGPU.Algorithms;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    public override void Adam(AdamSettings settings, Tensor w, Tensor g, Tensor m, Tensor v) =>
        launcher.Launch(
            AdamKernel,
            w.Count,
            new AdamArguments
            {
                W = w.View<T>(),
                G = g.View<T>(),
                M = m.View<T>(),
                V = v.View<T>(),
                Settings = settings,
            }
        );

    private static void AdamKernel(AdamArguments p)
    {
        for (long i = Items.First; i < p.W.Length; i += Items.Stride)
        {
            double w = TElement.Load(p.W[i]),
                g = TElement.Load(p.G[i]) + (p.Settings.L2 * w);
            double m = (p.Settings.Beta1 * TElement.Load(p.M[i])) + ((1 - p.Settings.Beta1) * g);
            double v = (p.Settings.Beta2 * TElement.Load(p.V[i])) + ((1 - p.Settings.Beta2) * g * g);
            p.M[i] = TElement.Store(m);
            p.V[i] = TElement.Store(v);
            p.W[i] = TElement.Store(w - (p.Settings.Rate * m / (XMath.Sqrt(v) + p.Settings.Epsilon)));
        }
    }

    internal struct AdamArguments
    {
        public ArrayView<T> W,
            G,
            M,
            V;
        public AdamSettings Settings;
    }
}
