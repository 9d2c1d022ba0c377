using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    /// <summary>From this element type to any, or from any to this.</summary>
    public override void Convert(Tensor x, Tensor y)
    {
        if (y.DType == DTypes.Of<T>())
            ConvertFrom(x, PointerOf(y));
        else
            ConvertTo(PointerOf(x), y);
    }

    private void ConvertFrom(Tensor x, T* y)
    {
        switch (x.DType)
        {
            case DType.Float32:
                float* singles = x.HostPointer<float>();
                ForEach(x.Count, i => y[i] = T.CreateTruncating(singles[i]));
                break;
            case DType.Float64:
                double* doubles = x.HostPointer<double>();
                ForEach(x.Count, i => y[i] = T.CreateTruncating(doubles[i]));
                break;
            case DType.BFloat16:
                var halves = (ushort*)x.Pointer;
                ForRanges(
                    x.Count,
                    StreamingGrain,
                    (from, to, _) =>
                    {
                        for (long i = from; i < to; i++)
                            y[i] = T.CreateTruncating(BFloat16Bits.ToSingle(halves[i]));
                    }
                );
                break;
            default:
                throw new ArgumentException($"no conversion from {x.DType}");
        }
    }

    private void ConvertTo(T* x, Tensor y)
    {
        switch (y.DType)
        {
            case DType.Float32:
                float* singles = y.HostPointer<float>();
                ForEach(y.Count, i => singles[i] = float.CreateTruncating(x[i]));
                break;
            case DType.Float64:
                double* doubles = y.HostPointer<double>();
                ForEach(y.Count, i => doubles[i] = double.CreateTruncating(x[i]));
                break;
            case DType.BFloat16:
                var halves = (ushort*)y.Pointer;
                ForRanges(
                    y.Count,
                    StreamingGrain,
                    (from, to, _) =>
                    {
                        for (long i = from; i < to; i++)
                            halves[i] =
                                typeof(T) == typeof(float)
                                    ? BFloat16Bits.FromSingle(float.CreateTruncating(x[i]))
                                    : BFloat16Bits.FromDouble(double.CreateTruncating(x[i]));
                    }
                );
                break;
            default:
                throw new ArgumentException($"no conversion to {y.DType}");
        }
    }

    private void ForEach(long count, Action<long> body) =>
        ForRanges(
            count,
            StreamingGrain,
            (from, to, _) =>
            {
                for (long i = from; i < to; i++)
                    body(i);
            }
        );
}
