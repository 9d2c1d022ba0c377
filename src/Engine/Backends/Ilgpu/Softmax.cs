using ILGPU;
using ILGPU.Algorithms;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    public override void Softmax(Tensor x, int outer, int classes, int inner, Tensor y) =>
        Softmax(x, classes, inner, y, logarithm: false);

    public override void LogSoftmax(Tensor x, int outer, int classes, int inner, Tensor y) =>
        Softmax(x, classes, inner, y, logarithm: true);

    private void Softmax(Tensor x, int classes, int inner, Tensor y, bool logarithm) =>
        launcher.Launch(
            SoftmaxKernel,
            x.Count / classes,
            new SoftmaxArguments
            {
                X = x.View<T>(),
                Y = y.View<T>(),
                Classes = classes,
                Inner = inner,
                Logarithm = logarithm ? 1 : 0,
            }
        );

    private static void SoftmaxKernel(SoftmaxArguments p)
    {
        for (long i = Items.First; i < p.X.Length / p.Classes; i += Items.Stride)
        {
            long first = (i / p.Inner * p.Classes * p.Inner) + (i % p.Inner);
            double greatest = TElement.Load(p.X[first]),
                sum = 0;
            for (long k = 1; k < p.Classes; k++)
                greatest = XMath.Max(greatest, TElement.Load(p.X[first + (k * p.Inner)]));
            for (long k = 0; k < p.Classes; k++)
                sum += XMath.Exp(TElement.Load(p.X[first + (k * p.Inner)]) - greatest);
            double logSum = XMath.Log(sum);
            for (long k = 0; k < p.Classes; k++)
            {
                double below = TElement.Load(p.X[first + (k * p.Inner)]) - greatest;
                p.Y[first + (k * p.Inner)] = TElement.Store(p.Logarithm != 0 ? below - logSum : XMath.Exp(below) / sum);
            }
        }
    }

    internal struct SoftmaxArguments
    {
        public ArrayView<T> X,
            Y;
        public long Classes,
            Inner;
        public int Logarithm;
    }
}
