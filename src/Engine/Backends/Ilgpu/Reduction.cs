using ILGPU;
using ILGPU.Algorithms;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    /// <summary>Terms of one partial sum.</summary>
    private const int SumChunk = 256;

    public override void Sum(Tensor x, int outer, int reduced, int inner, Tensor y)
    {
        int chunks = (reduced + SumChunk - 1) / SumChunk;
        using Tensor partial = Scratch((long)outer * chunks * inner);
        var arguments = new SumArguments
        {
            X = x.View<T>(),
            Partial = partial.View<double>(),
            Y = y.View<T>(),
            Reduced = reduced,
            Inner = inner,
            Chunks = chunks,
        };
        launcher.Launch(PartialSumKernel, partial.Count, arguments);
        launcher.Launch(TotalSumKernel, y.Count, arguments);
    }

    public override void Broadcast(Tensor x, int outer, int repeated, int inner, Tensor y) =>
        launcher.Launch(
            BroadcastKernel,
            y.Count,
            new SumArguments
            {
                X = x.View<T>(),
                Y = y.View<T>(),
                Reduced = repeated,
                Inner = inner,
            }
        );

    public override void CopyChannels(Tensor x, int xStart, Tensor y, int yStart, int count) =>
        launcher.Launch(
            CopyChannelsKernel,
            x.Count / x.Shape[^1] * count,
            new CopyArguments
            {
                X = x.View<T>(),
                Y = y.View<T>(),
                Count = x.Count / x.Shape[^1] * count,
                Channels = count,
                XChannels = x.Shape[^1],
                XStart = xStart,
                YChannels = y.Shape[^1],
                YStart = yStart,
            }
        );

    private static void PartialSumKernel(SumArguments p)
    {
        for (long i = Items.First; i < p.Partial.Length; i += Items.Stride)
        {
            long column = i % p.Inner,
                chunk = i / p.Inner % p.Chunks,
                row = i / p.Inner / p.Chunks;
            double sum = 0;
            for (long j = chunk * SumChunk; j < p.Reduced && j < (chunk + 1) * SumChunk; j++)
                sum += TElement.Load(p.X[(((row * p.Reduced) + j) * p.Inner) + column]);
            p.Partial[i] = sum;
        }
    }

    private static void TotalSumKernel(SumArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            double sum = 0;
            for (int chunk = 0; chunk < p.Chunks; chunk++)
                sum += p.Partial[(((i / p.Inner * p.Chunks) + chunk) * p.Inner) + (i % p.Inner)];
            p.Y[i] = TElement.Store(sum);
        }
    }

    private static void BroadcastKernel(SumArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
            p.Y[i] = p.X[(i / p.Inner / p.Reduced * p.Inner) + (i % p.Inner)];
    }

    private static void CopyChannelsKernel(CopyArguments p)
    {
        for (long i = Items.First; i < p.Count; i += Items.Stride)
        {
            long position = i / p.Channels,
                channel = i % p.Channels;
            p.Y[(position * p.YChannels) + p.YStart + channel] = p.X[(position * p.XChannels) + p.XStart + channel];
        }
    }

    internal struct SumArguments
    {
        public ArrayView<T> X,
            Y;
        public ArrayView<double> Partial;
        public long Reduced,
            Inner,
            Chunks;
    }

    internal struct CopyArguments
    {
        public ArrayView<T> X,
            Y;
        public long Count,
            Channels,
            XChannels,
            XStart,
            YChannels,
            YStart;
    }
}
