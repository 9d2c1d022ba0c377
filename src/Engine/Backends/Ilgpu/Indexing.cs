using ILGPU;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    public override void Max(Tensor x, int outer, int reduced, int inner, Tensor y, Tensor index) =>
        launcher.Launch(MaxKernel, y.Count, Indexing(x, index, reduced, inner, y));

    public override void Gather(Tensor x, Tensor index, int outer, int extent, int inner, Tensor y) =>
        launcher.Launch(GatherKernel, y.Count, Indexing(x, index, extent, inner, y));

    public override void Scatter(Tensor y, Tensor index, int outer, int extent, int inner, Tensor x) =>
        launcher.Launch(ScatterKernel, y.Count, Indexing(x, index, extent, inner, y));

    /// <summary>Of an index of either type, the other view is empty.</summary>
    private static IndexingArguments Indexing(Tensor x, Tensor index, int extent, int inner, Tensor y) =>
        new()
        {
            X = x.View<T>(),
            Y = y.View<T>(),
            Bytes = index.DType == DType.UInt8 ? index.View<byte>() : default,
            Integers = index.DType == DType.Int32 ? index.View<int>() : default,
            HasBytes = index.DType == DType.UInt8 ? 1 : 0,
            Extent = extent,
            Inner = inner,
        };

    private static void MaxKernel(IndexingArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            double greatest = TElement.Load(p.X[p.Place(i, 0)]);
            int at = 0;
            for (int r = 1; r < p.Extent; r++)
            {
                double value = TElement.Load(p.X[p.Place(i, r)]);
                if (!double.IsNaN(greatest) && !(value <= greatest))
                {
                    greatest = value;
                    at = r;
                }
            }

            p.Y[i] = TElement.Store(greatest);
            p.Integers[i] = at;
        }
    }

    private static void GatherKernel(IndexingArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            int at = p.Index(i);
            p.Y[i] = TElement.Store(at >= 0 && at < p.Extent ? TElement.Load(p.X[p.Place(i, at)]) : 0);
        }
    }

    private static void ScatterKernel(IndexingArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            int at = p.Index(i);
            for (int e = 0; e < p.Extent; e++)
                p.X[p.Place(i, e)] = TElement.Store(e == at ? TElement.Load(p.Y[i]) : 0);
        }
    }

    internal struct IndexingArguments
    {
        public ArrayView<T> X,
            Y;
        public ArrayView<byte> Bytes;
        public ArrayView<int> Integers;
        public int HasBytes,
            Extent;
        public long Inner;

        public readonly int Index(long i) => HasBytes != 0 ? Bytes[i] : Integers[i];

        /// <summary>Where in x an element of the middle axis is that belongs to element i of y.</summary>
        public readonly long Place(long i, int element) => (((i / Inner * Extent) + element) * Inner) + (i % Inner);
    }
}
