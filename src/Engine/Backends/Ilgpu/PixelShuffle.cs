using ILGPU;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    public override void PixelShuffle(Tensor x, int factor, bool transposed, Tensor y) =>
        Shuffle(x, y, factor, transposed, inverse: false);

    public override void PixelUnshuffle(Tensor y, int factor, bool transposed, Tensor x) =>
        Shuffle(x, y, factor, transposed, inverse: true);

    private void Shuffle(Tensor packed, Tensor spread, int factor, bool transposed, bool inverse) =>
        launcher.Launch(
            ShuffleKernel,
            spread.Count,
            new ShuffleArguments
            {
                Packed = packed.View<T>(),
                Spread = spread.View<T>(),
                Height = packed.Shape[2],
                Width = packed.Shape[3],
                Channels = spread.Shape[4],
                Factor = factor,
                Transposed = transposed ? 1 : 0,
                Inverse = inverse ? 1 : 0,
            }
        );

    private static void ShuffleKernel(ShuffleArguments p)
    {
        for (long i = Items.First; i < p.Spread.Length; i += Items.Stride)
        {
            long r = p.Factor,
                channel = i % p.Channels,
                column = i / p.Channels % (p.Width * r),
                line = i / p.Channels / (p.Width * r);
            long row = line % (p.Height * r),
                image = line / (p.Height * r),
                subRow = row % r,
                subColumn = column % r;
            long position = (((image * p.Height) + (row / r)) * p.Width) + (column / r);
            long packed =
                (((position * p.Channels) + channel) * r * r)
                + (p.Transposed != 0 ? (subColumn * r) + subRow : (subRow * r) + subColumn);
            if (p.Inverse != 0)
                p.Packed[packed] = p.Spread[i];
            else
                p.Spread[i] = p.Packed[packed];
        }
    }

    internal struct ShuffleArguments
    {
        public ArrayView<T> Packed,
            Spread;
        public long Height,
            Width,
            Channels,
            Factor;
        public int Transposed,
            Inverse;
    }
}
