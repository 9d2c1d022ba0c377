using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    private interface IUnary
    {
        TVector Apply(TVector x);
    }

    private interface IBinary
    {
        TVector Apply(TVector a, TVector b);
    }

    public override void Fill(Tensor y, double value)
    {
        T* target = PointerOf(y);
        T element = T.CreateChecked(value);
        ForRanges(y.Count, StreamingGrain, (from, to, _) => new Span<T>(target + from, (int)(to - from)).Fill(element));
    }

    public override void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y)
    {
        switch (function)
        {
            case BinaryFunction.Add:
                Map(default(Add), a, b, y);
                break;
            case BinaryFunction.Subtract:
                Map(default(Subtract), a, b, y);
                break;
            case BinaryFunction.Multiply:
                Map(default(Multiply), a, b, y);
                break;
            case BinaryFunction.Divide:
                Map(default(Divide), a, b, y);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(function), function, "unknown function of two tensors");
        }
    }

    public override void Unary(UnaryFunction function, Tensor x, Tensor y)
    {
        switch (function)
        {
            case UnaryFunction.Exponential:
                Map(default(Exponential), x, y);
                break;
            case UnaryFunction.Logarithm:
                Map(default(Logarithm), x, y);
                break;
            case UnaryFunction.SquareRoot:
                Map(default(SquareRoot), x, y);
                break;
            case UnaryFunction.Absolute:
                Map(default(Absolute), x, y);
                break;
            case UnaryFunction.Sign:
                Map(default(Sign), x, y);
                break;
            case UnaryFunction.Relu:
                Map(default(Relu), x, y);
                break;
            case UnaryFunction.Sigmoid:
                Map(default(Sigmoid), x, y);
                break;
            case UnaryFunction.HyperbolicTangent:
                Map(default(HyperbolicTangent), x, y);
                break;
            case UnaryFunction.Softplus:
                Map(default(Softplus), x, y);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(function), function, "unknown function of one tensor");
        }
    }

    public override void Affine(Tensor x, double scale, double offset, Tensor y) =>
        Map(new AffineMap(Broadcast(scale), Broadcast(offset)), x, y);

    public override void LeakyReluForward(Tensor x, double slope, Tensor y) => Map(new LeakyRelu(Broadcast(slope)), x, y);

    public override void LeakyReluBackward(Tensor gy, Tensor x, double slope, Tensor gx) =>
        Map(new LeakyReluGradient(Broadcast(slope)), gy, x, gx);

    private static TVector Broadcast(double value) => TVector.Broadcast(T.CreateChecked(value));

    private void Map<TFunction>(TFunction function, Tensor x, Tensor y)
        where TFunction : struct, IUnary
    {
        T* source = PointerOf(x),
            target = PointerOf(y);
        ForRanges(y.Count, StreamingGrain, (from, to, _) => MapRange(function, source + from, target + from, (int)(to - from)));
    }

    private void Map<TFunction>(TFunction function, Tensor a, Tensor b, Tensor y)
        where TFunction : struct, IBinary
    {
        T* left = PointerOf(a),
            right = PointerOf(b),
            target = PointerOf(y);
        ForRanges(
            y.Count,
            StreamingGrain,
            (from, to, _) => MapRange(function, left + from, right + from, target + from, (int)(to - from))
        );
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MapRange<TFunction>(TFunction function, T* x, T* y, int count)
        where TFunction : struct, IUnary
    {
        int i = 0;
        for (; i <= count - TVector.Count; i += TVector.Count)
            TVector.Store(function.Apply(TVector.Load(x + i)), y + i);
        if (i < count)
            PartialVector.Store(function.Apply(PartialVector.Load<TVector, T>(x + i, count - i)), y + i, count - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MapRange<TFunction>(TFunction function, T* a, T* b, T* y, int count)
        where TFunction : struct, IBinary
    {
        int i = 0;
        for (; i <= count - TVector.Count; i += TVector.Count)
            TVector.Store(function.Apply(TVector.Load(a + i), TVector.Load(b + i)), y + i);
        if (i < count)
        {
            TVector left = PartialVector.Load<TVector, T>(a + i, count - i),
                right = PartialVector.Load<TVector, T>(b + i, count - i);
            PartialVector.Store(function.Apply(left, right), y + i, count - i);
        }
    }

    private readonly struct Add : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector a, TVector b) => a + b;
    }

    private readonly struct Subtract : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector a, TVector b) => a - b;
    }

    private readonly struct Multiply : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector a, TVector b) => a * b;
    }

    private readonly struct Divide : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector a, TVector b) => a / b;
    }

    private readonly struct LeakyReluGradient(TVector slope) : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector gy, TVector x) => TVector.WhereNotLess(x, default, gy, slope * gy);
    }

    private readonly struct Exponential : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector x) => TVector.Exp(x);
    }

    private readonly struct Logarithm : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector x) => TVector.Log(x);
    }

    private readonly struct SquareRoot : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector x) => TVector.Sqrt(x);
    }

    private readonly struct Absolute : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector x) => TVector.Abs(x);
    }

    private readonly struct Sign : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector x)
        {
            TVector negativeOrZero = TVector.WhereGreater(default, x, Broadcast(-1), x);
            return TVector.WhereGreater(x, default, Broadcast(1), negativeOrZero);
        }
    }

    private readonly struct Relu : IUnary
    {
        /// <summary>A NaN stays.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector x) => TVector.WhereGreater(default, x, default, x);
    }

    private readonly struct Sigmoid : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector x)
        {
            TVector one = Broadcast(1);
            return one / (one + TVector.Exp(default(TVector) - x));
        }
    }

    private readonly struct HyperbolicTangent : IUnary
    {
        /// <summary>Lane by lane: from exponentials it would lose its digits around zero.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector x)
        {
            TVector y = x;
            for (int lane = 0; lane < TVector.Count; lane++)
                ((T*)&y)[lane] = T.Tanh(((T*)&y)[lane]);
            return y;
        }
    }

    private readonly struct Softplus : IUnary
    {
        /// <summary>max(x, 0) + ln(1 + e) with e = exp(-|x|); what 1 + e rounds off is multiplied back.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector x)
        {
            TVector one = Broadcast(1),
                e = TVector.Exp(default(TVector) - TVector.Abs(x)),
                u = one + e;
            TVector logarithm = TVector.WhereGreater(u, one, TVector.Log(u) * (e / (u - one)), e);
            return TVector.WhereGreater(default, x, default, x) + logarithm;
        }
    }

    private readonly struct AffineMap(TVector scale, TVector offset) : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector x) => TVector.MultiplyAdd(x, scale, offset);
    }

    private readonly struct LeakyRelu(TVector slope) : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Apply(TVector x) => TVector.WhereNotLess(x, default, x, slope * x);
    }
}
