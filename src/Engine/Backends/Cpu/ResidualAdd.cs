using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void ResidualAdd(Tensor shortcut, Tensor branch, DropoutMask mask, Tensor y)
    {
        T* side = PointerOf(shortcut),
            source = PointerOf(branch),
            target = PointerOf(y);
        int channels = y.Shape[^1],
            sideChannels = shortcut.Shape[^1],
            margin = (channels - sideChannels) / 2;
        ForRanges(
            y.Count / channels,
            Math.Max(StreamingGrain / channels, 1),
            (from, to, _) =>
            {
                DropRange(
                    mask,
                    from * channels,
                    source + (from * channels),
                    target + (from * channels),
                    (int)((to - from) * channels)
                );
                if (sideChannels == channels)
                {
                    MapRange(
                        default(Add),
                        target + (from * channels),
                        side + (from * channels),
                        target + (from * channels),
                        (int)((to - from) * channels)
                    );
                    return;
                }

                for (long position = from; position < to; position++)
                {
                    T* row = target + (position * channels) + margin;
                    MapRange(default(Add), row, side + (position * sideChannels), row, sideChannels);
                }
            }
        );
    }
}
