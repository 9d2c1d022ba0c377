using ILGPU;
using ILGPU.Algorithms;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    internal enum Function
    {
        Constant,
        Affine,
        LeakyRelu,
        LeakyReluGradient,
        Dropout,
        Add,
        Subtract,
        Multiply,
        Divide,
    }

    public override void Fill(Tensor y, double value) => Map(Function.Constant, y, y, y, offset: value);

    public override void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y) =>
        Map(
            function switch
            {
                BinaryFunction.Add => Function.Add,
                BinaryFunction.Subtract => Function.Subtract,
                BinaryFunction.Multiply => Function.Multiply,
                BinaryFunction.Divide => Function.Divide,
                _ => throw new ArgumentOutOfRangeException(nameof(function), function, "unknown function of two tensors"),
            },
            a,
            b,
            y
        );

    public override void Unary(UnaryFunction function, Tensor x, Tensor y) =>
        launcher.Launch(
            UnaryKernel,
            y.Count,
            new UnaryArguments
            {
                Function = function,
                X = x.View<T>(),
                Y = y.View<T>(),
            }
        );

    public override void Affine(Tensor x, double scale, double offset, Tensor y) => Map(Function.Affine, x, x, y, scale, offset);

    public override void LeakyReluForward(Tensor x, double slope, Tensor y) => Map(Function.LeakyRelu, x, x, y, slope);

    public override void LeakyReluBackward(Tensor gy, Tensor x, double slope, Tensor gx) =>
        Map(Function.LeakyReluGradient, gy, x, gx, slope);

    public override void Dropout(Tensor x, DropoutMask mask, Tensor y) => Map(Function.Dropout, x, x, y, mask: mask);

    public override void Convert(Tensor x, Tensor y)
    {
        switch (x.DType, y.DType)
        {
            case (DType.Float32, DType.Float64):
                Convert<float, SingleElement, double, DoubleElement>(x, y);
                break;
            case (DType.Float64, DType.Float32):
                Convert<double, DoubleElement, float, SingleElement>(x, y);
                break;
            case (DType.BFloat16, DType.Float32 or DType.Float64):
                Convert<ushort, BFloat16Element, T, TElement>(x, y);
                break;
            case (DType.Float32 or DType.Float64, DType.BFloat16):
                Convert<T, TElement, ushort, BFloat16Element>(x, y);
                break;
            default:
                throw new ArgumentException($"no conversion from {x.DType} to {y.DType}");
        }
    }

    private void Convert<TFrom, TFromElement, TTo, TToElement>(Tensor x, Tensor y)
        where TFrom : unmanaged
        where TFromElement : struct, IElement<TFrom>
        where TTo : unmanaged
        where TToElement : struct, IElement<TTo> =>
        launcher.Launch(
            ConvertKernel<TFrom, TFromElement, TTo, TToElement>,
            x.Count,
            new ConvertArguments<TFrom, TTo> { X = x.RawView<TFrom>(), Y = y.RawView<TTo>() }
        );

    private static void ConvertKernel<TFrom, TFromElement, TTo, TToElement>(ConvertArguments<TFrom, TTo> p)
        where TFrom : unmanaged
        where TFromElement : struct, IElement<TFrom>
        where TTo : unmanaged
        where TToElement : struct, IElement<TTo>
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
            p.Y[i] = TToElement.Store(TFromElement.Load(p.X[i]));
    }

    private void Map(
        Function function,
        Tensor a,
        Tensor b,
        Tensor y,
        double scale = 1,
        double offset = 0,
        DropoutMask? mask = null
    ) =>
        launcher.Launch(
            MapKernel,
            y.Count,
            new MapArguments
            {
                Function = function,
                A = a.View<T>(),
                B = b.View<T>(),
                Y = y.View<T>(),
                Scale = scale,
                Offset = offset,
                Dropout = new KernelDropoutMask(mask ?? DropoutMask.None),
            }
        );

    private static void MapKernel(MapArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            double a = TElement.Load(p.A[i]),
                b = TElement.Load(p.B[i]),
                y;
            switch (p.Function)
            {
                case Function.Constant:
                    y = p.Offset;
                    break;
                case Function.Affine:
                    y = (p.Scale * a) + p.Offset;
                    break;
                case Function.LeakyRelu:
                    y = a < 0 ? p.Scale * a : a;
                    break;
                case Function.LeakyReluGradient:
                    y = b < 0 ? p.Scale * a : a;
                    break;
                case Function.Dropout:
                    y = p.Dropout.Apply(i, a);
                    break;
                case Function.Add:
                    y = a + b;
                    break;
                case Function.Subtract:
                    y = a - b;
                    break;
                case Function.Multiply:
                    y = a * b;
                    break;
                case Function.Divide:
                    y = a / b;
                    break;
                default:
                    y = double.NaN;
                    break; // a kernel cannot throw; the methods above do
            }

            p.Y[i] = TElement.Store(y);
        }
    }

    private static void UnaryKernel(UnaryArguments p)
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
        {
            double x = TElement.Load(p.X[i]),
                y;
            switch (p.Function)
            {
                case UnaryFunction.Exponential:
                    y = XMath.Exp(x);
                    break;
                case UnaryFunction.Logarithm:
                    y = XMath.Log(x);
                    break;
                case UnaryFunction.SquareRoot:
                    y = XMath.Sqrt(x);
                    break;
                case UnaryFunction.Absolute:
                    y = x < 0 ? -x : x;
                    break;
                case UnaryFunction.Sign:
                    y =
                        x > 0 ? 1
                        : x < 0 ? -1
                        : 0;
                    break;
                case UnaryFunction.Relu:
                    y = x < 0 ? 0 : x;
                    break;
                case UnaryFunction.Sigmoid:
                    y = 1 / (1 + XMath.Exp(-x));
                    break;
                case UnaryFunction.HyperbolicTangent:
                    y = XMath.Tanh(x);
                    break;
                case UnaryFunction.Softplus:
                    // What 1 + e rounds off is multiplied back.
                    double e = XMath.Exp(x < 0 ? x : -x),
                        u = 1 + e;
                    y = (x < 0 ? 0 : x) + (u > 1 ? XMath.Log(u) * (e / (u - 1)) : e);
                    break;
                default:
                    y = double.NaN;
                    break; // a kernel cannot throw; CheckedBackend does
            }

            p.Y[i] = TElement.Store(y);
        }
    }

    internal struct UnaryArguments
    {
        public UnaryFunction Function;
        public ArrayView<T> X,
            Y;
    }

    internal struct MapArguments
    {
        public Function Function;
        public ArrayView<T> A,
            B,
            Y;
        public double Scale,
            Offset;
        public KernelDropoutMask Dropout;
    }

    internal struct ConvertArguments<TFrom, TTo>
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        public ArrayView<TFrom> X;
        public ArrayView<TTo> Y;
    }
}
