using ILGPU;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    public override void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y) =>
        launcher.Launch(
            MatMulKernel,
            y.Count,
            new MatMulArguments
            {
                A = a.View<T>(),
                B = b.View<T>(),
                Y = y.View<T>(),
                Columns = y.Shape[1],
                Depth = transposeA ? a.Shape[0] : a.Shape[1],
                ARow = transposeA ? 1 : a.Shape[1],
                AStep = transposeA ? a.Shape[1] : 1,
                BColumn = transposeB ? b.Shape[1] : 1,
                BStep = transposeB ? 1 : b.Shape[1],
            }
        );

    private static void MatMulKernel(MatMulArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            long row = i / p.Columns,
                column = i % p.Columns;
            double sum = 0;
            for (long k = 0; k < p.Depth; k++)
                sum +=
                    TElement.Load(p.A[(row * p.ARow) + (k * p.AStep)]) * TElement.Load(p.B[(column * p.BColumn) + (k * p.BStep)]);
            p.Y[i] = TElement.Store(sum);
        }
    }

    internal struct MatMulArguments
    {
        public ArrayView<T> A,
            B,
            Y;
        public long Columns,
            Depth,
            ARow,
            AStep,
            BColumn,
            BStep;
    }
}
