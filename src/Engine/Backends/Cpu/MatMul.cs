using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y)
    {
        T* left = PointerOf(a),
            right = PointerOf(b),
            target = PointerOf(y);
        (int rows, int columns) = (y.Shape[0], y.Shape[1]);
        int depth = a.Shape[transposeA ? 0 : 1];
        (int aRow, int aStep) = transposeA ? (1, rows) : (depth, 1);
        (int bStep, int bColumn) = transposeB ? (1, depth) : (columns, 1);
        long perRow = Math.Max((long)columns * depth, 1);
        ForRanges(
            rows,
            Math.Max(StreamingGrain / perRow, 1),
            (from, to, _) =>
            {
                for (long row = from; row < to; row++)
                {
                    if (bColumn == 1)
                        SumOfScaledRows(left + (row * aRow), aStep, depth, right, columns, target + (row * columns));
                    else
                        DotProducts(left + (row * aRow), aStep, depth, right, bColumn, columns, target + (row * columns));
                }
            }
        );
    }

    /// <summary>y[j] = sum over k of a[k] b[k, j]: the rows of b are contiguous.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumOfScaledRows(T* a, int aStep, int depth, T* b, int columns, T* y)
    {
        int j = 0;
        for (; j <= columns - TVector.Count; j += TVector.Count)
        {
            TVector sum = default;
            for (int k = 0; k < depth; k++)
                sum = TVector.MultiplyAdd(TVector.Broadcast(a[(long)k * aStep]), TVector.Load(b + ((long)k * columns) + j), sum);
            TVector.Store(sum, y + j);
        }

        for (; j < columns; j++)
        {
            T sum = T.Zero;
            for (int k = 0; k < depth; k++)
                sum += a[(long)k * aStep] * b[((long)k * columns) + j];
            y[j] = sum;
        }
    }

    /// <summary>y[j] = sum over k of a[k] b[j, k].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DotProducts(T* a, int aStep, int depth, T* b, int bColumn, int columns, T* y)
    {
        for (int j = 0; j < columns; j++)
        {
            T* row = b + ((long)j * bColumn);
            T sum = T.Zero;
            for (int k = 0; k < depth; k++)
                sum += a[(long)k * aStep] * row[k];
            y[j] = sum;
        }
    }
}
