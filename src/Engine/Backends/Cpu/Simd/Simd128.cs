using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>128-bit vectors.</summary>
internal readonly unsafe struct Simd128<T>(Vector128<T> value) : ISimd<Simd128<T>, T>
    where T : unmanaged
{
    private readonly Vector128<T> value = value;

    public static int Count => Vector128<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Load(T* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd128<T> vector, T* target) => vector.value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Broadcast(T value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> MultiplyAdd(Simd128<T> a, Simd128<T> b, Simd128<T> c) =>
        typeof(T) == typeof(float)
            ? new(Vector128.MultiplyAddEstimate(a.value.AsSingle(), b.value.AsSingle(), c.value.AsSingle()).As<float, T>())
            : new(Vector128.MultiplyAddEstimate(a.value.AsDouble(), b.value.AsDouble(), c.value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Sqrt(Simd128<T> v) => new(Vector128.Sqrt(v.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Abs(Simd128<T> v) => new(Vector128.Abs(v.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Exp(Simd128<T> v) =>
        typeof(T) == typeof(float)
            ? new(Vector128.Exp(v.value.AsSingle()).As<float, T>())
            : new(Vector128.Exp(v.value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Log(Simd128<T> v) =>
        typeof(T) == typeof(float)
            ? new(Vector128.Log(v.value.AsSingle()).As<float, T>())
            : new(Vector128.Log(v.value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> WhereGreater(Simd128<T> left, Simd128<T> right, Simd128<T> yes, Simd128<T> no) =>
        new(Vector128.ConditionalSelect(Vector128.GreaterThan(left.value, right.value), yes.value, no.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> WhereNotLess(Simd128<T> left, Simd128<T> right, Simd128<T> yes, Simd128<T> no) =>
        new(Vector128.ConditionalSelect(Vector128.GreaterThanOrEqual(left.value, right.value), yes.value, no.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> WhereBelow(ushort* numbers, uint threshold, Simd128<T> scale)
    {
        Vector128<T> below =
            typeof(T) == typeof(float)
                ? Vector128
                    .LessThan(
                        Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)numbers).AsUInt16()),
                        Vector128.Create(threshold)
                    )
                    .As<uint, T>()
                : Vector128
                    .LessThan(
                        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(uint*)numbers).AsUInt16())),
                        Vector128.Create((ulong)threshold)
                    )
                    .As<ulong, T>();
        return new(below & scale.value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Simd128<T> vector, byte* target)
    {
        for (int lane = 0; lane < Count; lane++)
            target[lane] =
                typeof(T) == typeof(float) ? (byte)(int)vector.value.AsSingle()[lane] : (byte)(int)vector.value.AsDouble()[lane];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator +(Simd128<T> a, Simd128<T> b) => new(a.value + b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator -(Simd128<T> a, Simd128<T> b) => new(a.value - b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator *(Simd128<T> a, Simd128<T> b) => new(a.value * b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator /(Simd128<T> a, Simd128<T> b) => new(a.value / b.value);
}
