using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>256-bit vectors.</summary>
internal readonly unsafe struct Simd256<T>(Vector256<T> value) : ISimd<Simd256<T>, T>
    where T : unmanaged
{
    private readonly Vector256<T> value = value;

    public static int Count => Vector256<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Load(T* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd256<T> vector, T* target) => vector.value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Broadcast(T value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> MultiplyAdd(Simd256<T> a, Simd256<T> b, Simd256<T> c) =>
        typeof(T) == typeof(float)
            ? new(Vector256.MultiplyAddEstimate(a.value.AsSingle(), b.value.AsSingle(), c.value.AsSingle()).As<float, T>())
            : new(Vector256.MultiplyAddEstimate(a.value.AsDouble(), b.value.AsDouble(), c.value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Sqrt(Simd256<T> v) => new(Vector256.Sqrt(v.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Abs(Simd256<T> v) => new(Vector256.Abs(v.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Exp(Simd256<T> v) =>
        typeof(T) == typeof(float)
            ? new(Vector256.Exp(v.value.AsSingle()).As<float, T>())
            : new(Vector256.Exp(v.value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Log(Simd256<T> v) =>
        typeof(T) == typeof(float)
            ? new(Vector256.Log(v.value.AsSingle()).As<float, T>())
            : new(Vector256.Log(v.value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> WhereGreater(Simd256<T> left, Simd256<T> right, Simd256<T> yes, Simd256<T> no) =>
        new(Vector256.ConditionalSelect(Vector256.GreaterThan(left.value, right.value), yes.value, no.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> WhereNotLess(Simd256<T> left, Simd256<T> right, Simd256<T> yes, Simd256<T> no) =>
        new(Vector256.ConditionalSelect(Vector256.GreaterThanOrEqual(left.value, right.value), yes.value, no.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> WhereBelow(ushort* numbers, uint threshold, Simd256<T> scale)
    {
        Vector256<T> below =
            typeof(T) == typeof(float)
                ? Vector256
                    .LessThan(Vector256.WidenLower(Vector128.Load(numbers).ToVector256Unsafe()), Vector256.Create(threshold))
                    .As<uint, T>()
                : Vector256
                    .LessThan(
                        Vector256.WidenLower(
                            Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)numbers).AsUInt16()).ToVector256Unsafe()
                        ),
                        Vector256.Create((ulong)threshold)
                    )
                    .As<ulong, T>();
        return new(below & scale.value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Simd256<T> vector, byte* target)
    {
        for (int lane = 0; lane < Count; lane++)
            target[lane] =
                typeof(T) == typeof(float) ? (byte)(int)vector.value.AsSingle()[lane] : (byte)(int)vector.value.AsDouble()[lane];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator +(Simd256<T> a, Simd256<T> b) => new(a.value + b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator -(Simd256<T> a, Simd256<T> b) => new(a.value - b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator *(Simd256<T> a, Simd256<T> b) => new(a.value * b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator /(Simd256<T> a, Simd256<T> b) => new(a.value / b.value);
}
