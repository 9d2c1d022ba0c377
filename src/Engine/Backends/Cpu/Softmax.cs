using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void Softmax(Tensor x, int outer, int classes, int inner, Tensor y) =>
        Softmax(x, outer, classes, inner, y, logarithm: false);

    public override void LogSoftmax(Tensor x, int outer, int classes, int inner, Tensor y) =>
        Softmax(x, outer, classes, inner, y, logarithm: true);

    /// <summary>A row by itself where the classes are neighbours, else vectors of neighbouring positions.</summary>
    private void Softmax(Tensor x, int outer, int classes, int inner, Tensor y, bool logarithm)
    {
        T* source = PointerOf(x),
            target = PointerOf(y);
        int width = inner == 1 ? 1 : TVector.Count,
            columns = (inner + width - 1) / width;
        ForRanges(
            (long)outer * columns,
            Math.Max(StreamingGrain / ((long)classes * width), 1),
            (from, to, _) =>
            {
                for (long unit = from; unit < to; unit++)
                {
                    int column = (int)(unit % columns) * width;
                    long first = (unit / columns * classes * inner) + column;
                    if (inner == 1)
                        SoftmaxRow(source + first, target + first, classes, logarithm);
                    else
                        SoftmaxColumns(source + first, target + first, classes, inner, inner - column, logarithm);
                }
            }
        );
    }

    private static void SoftmaxRow(T* x, T* y, int classes, bool logarithm)
    {
        T greatest = x[0];
        for (int c = 1; c < classes; c++)
            greatest = T.Max(greatest, x[c]);
        T sum = T.Zero;
        for (int c = 0; c < classes; c++)
            sum += y[c] = T.Exp(x[c] - greatest);
        if (logarithm)
        {
            T logSum = T.Log(sum);
            for (int c = 0; c < classes; c++)
                y[c] = x[c] - greatest - logSum;
            return;
        }

        for (int c = 0; c < classes; c++)
            y[c] /= sum;
    }

    /// <summary>Of at most a vector of neighbouring positions, whose classes lie <paramref name="stride"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SoftmaxColumns(T* x, T* y, int classes, int stride, int available, bool logarithm)
    {
        TVector greatest = LoadUpTo(x, available);
        for (int c = 1; c < classes; c++)
        {
            // A NaN is taken and stays: it must not be hidden by the comparison.
            TVector value = LoadUpTo(x + ((long)c * stride), available);
            greatest = TVector.WhereNotLess(greatest, value, greatest, value);
        }

        TVector sum = default;
        for (int c = 0; c < classes; c++)
        {
            TVector exponential = TVector.Exp(LoadUpTo(x + ((long)c * stride), available) - greatest);
            StoreUpTo(exponential, y + ((long)c * stride), available);
            sum += exponential;
        }

        TVector logSum = TVector.Log(sum);
        for (int c = 0; c < classes; c++)
        {
            TVector result = logarithm
                ? LoadUpTo(x + ((long)c * stride), available) - greatest - logSum
                : LoadUpTo(y + ((long)c * stride), available) / sum;
            StoreUpTo(result, y + ((long)c * stride), available);
        }
    }
}
