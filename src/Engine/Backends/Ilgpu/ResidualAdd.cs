using ILGPU;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    public override void ResidualAdd(Tensor shortcut, Tensor branch, DropoutMask mask, Tensor y) =>
        launcher.Launch(
            ResidualKernel,
            y.Count,
            new ResidualArguments
            {
                Shortcut = shortcut.View<T>(),
                Branch = branch.View<T>(),
                Y = y.View<T>(),
                Channels = y.Shape[^1],
                ShortcutChannels = shortcut.Shape[^1],
                Margin = (y.Shape[^1] - shortcut.Shape[^1]) / 2,
                Dropout = new KernelDropoutMask(mask),
            }
        );

    private static void ResidualKernel(ResidualArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            double sum = p.Dropout.Apply(i, TElement.Load(p.Branch[i]));
            long channel = (i % p.Channels) - p.Margin;
            if (channel >= 0 && channel < p.ShortcutChannels)
                sum += TElement.Load(p.Shortcut[(i / p.Channels * p.ShortcutChannels) + channel]);
            p.Y[i] = TElement.Store(sum);
        }
    }

    internal struct ResidualArguments
    {
        public ArrayView<T> Shortcut,
            Branch,
            Y;
        public long Channels,
            ShortcutChannels,
            Margin;
        public KernelDropoutMask Dropout;
    }
}
