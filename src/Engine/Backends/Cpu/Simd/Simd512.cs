using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>512-bit vectors.</summary>
internal readonly unsafe struct Simd512<T>(Vector512<T> value) : ISimd<Simd512<T>, T>
    where T : unmanaged
{
    private readonly Vector512<T> value = value;

    public static int Count => Vector512<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Load(T* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd512<T> vector, T* target) => vector.value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Broadcast(T value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> MultiplyAdd(Simd512<T> a, Simd512<T> b, Simd512<T> c) =>
        typeof(T) == typeof(float)
            ? new(Vector512.MultiplyAddEstimate(a.value.AsSingle(), b.value.AsSingle(), c.value.AsSingle()).As<float, T>())
            : new(Vector512.MultiplyAddEstimate(a.value.AsDouble(), b.value.AsDouble(), c.value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Sqrt(Simd512<T> v) => new(Vector512.Sqrt(v.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Abs(Simd512<T> v) => new(Vector512.Abs(v.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Exp(Simd512<T> v) =>
        typeof(T) == typeof(float)
            ? new(Vector512.Exp(v.value.AsSingle()).As<float, T>())
            : new(Vector512.Exp(v.value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Log(Simd512<T> v) =>
        typeof(T) == typeof(float)
            ? new(Vector512.Log(v.value.AsSingle()).As<float, T>())
            : new(Vector512.Log(v.value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> WhereGreater(Simd512<T> left, Simd512<T> right, Simd512<T> yes, Simd512<T> no) =>
        new(Vector512.ConditionalSelect(Vector512.GreaterThan(left.value, right.value), yes.value, no.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> WhereNotLess(Simd512<T> left, Simd512<T> right, Simd512<T> yes, Simd512<T> no) =>
        new(Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(left.value, right.value), yes.value, no.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> WhereBelow(ushort* numbers, uint threshold, Simd512<T> scale)
    {
        Vector512<T> below =
            typeof(T) == typeof(float)
                ? Vector512
                    .LessThan(Vector512.WidenLower(Vector256.Load(numbers).ToVector512Unsafe()), Vector512.Create(threshold))
                    .As<uint, T>()
                : Vector512
                    .LessThan(
                        Vector512.WidenLower(
                            Vector256.WidenLower(Vector128.Load(numbers).ToVector256Unsafe()).ToVector512Unsafe()
                        ),
                        Vector512.Create((ulong)threshold)
                    )
                    .As<ulong, T>();
        return new(below & scale.value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Simd512<T> vector, byte* target)
    {
        for (int lane = 0; lane < Count; lane++)
            target[lane] =
                typeof(T) == typeof(float) ? (byte)(int)vector.value.AsSingle()[lane] : (byte)(int)vector.value.AsDouble()[lane];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator +(Simd512<T> a, Simd512<T> b) => new(a.value + b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator -(Simd512<T> a, Simd512<T> b) => new(a.value - b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator *(Simd512<T> a, Simd512<T> b) => new(a.value * b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator /(Simd512<T> a, Simd512<T> b) => new(a.value / b.value);
}
