using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void Max(Tensor x, int outer, int reduced, int inner, Tensor y, Tensor index)
    {
        T* source = PointerOf(x),
            target = PointerOf(y);
        int* place = index.HostPointer<int>();
        ForRanges(
            (long)outer * inner,
            Math.Max(StreamingGrain / reduced, 1),
            (from, to, _) =>
            {
                for (long i = from; i < to; i++)
                {
                    T* column = source + (i / inner * reduced * inner) + (i % inner);
                    T greatest = column[0];
                    int at = 0;
                    for (int r = 1; r < reduced && !T.IsNaN(greatest); r++)
                    {
                        T value = column[(long)r * inner];
                        if (!(value <= greatest))
                            (greatest, at) = (value, r);
                    }

                    (target[i], place[i]) = (greatest, at);
                }
            }
        );
    }

    public override void Gather(Tensor x, Tensor index, int outer, int extent, int inner, Tensor y)
    {
        T* source = PointerOf(x),
            target = PointerOf(y);
        ForRanges(
            (long)outer * inner,
            StreamingGrain,
            (from, to, _) =>
            {
                for (long i = from; i < to; i++)
                {
                    int at = IndexAt(index, i);
                    target[i] = (uint)at < (uint)extent ? source[(((i / inner * extent) + at) * inner) + (i % inner)] : T.Zero;
                }
            }
        );
    }

    public override void Scatter(Tensor y, Tensor index, int outer, int extent, int inner, Tensor x)
    {
        T* source = PointerOf(y),
            target = PointerOf(x);
        ForRanges(
            (long)outer * inner,
            Math.Max(StreamingGrain / extent, 1),
            (from, to, _) =>
            {
                for (long i = from; i < to; i++)
                {
                    int at = IndexAt(index, i);
                    T* column = target + (i / inner * extent * inner) + (i % inner);
                    for (int e = 0; e < extent; e++)
                        column[(long)e * inner] = e == at ? source[i] : T.Zero;
                }
            }
        );
    }

    private static int IndexAt(Tensor index, long i) =>
        index.DType == DType.UInt8 ? ((byte*)index.Pointer)[i] : ((int*)index.Pointer)[i];
}
