namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// A vector of <typeparamref name="T"/>: what a kernel needs so that it is written once for both element types and every vector
/// width.
/// The JIT compiles each kernel anew for every pair of type arguments, so nothing here costs a call.
/// </summary>
internal unsafe interface ISimd<TSelf, T>
    where TSelf : unmanaged, ISimd<TSelf, T>
    where T : unmanaged
{
    /// <summary>Number of lanes.</summary>
    static abstract int Count { get; }

    static abstract TSelf Load(T* source);

    static abstract void Store(TSelf vector, T* target);

    static abstract TSelf Broadcast(T value);

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary>a * b + c, rounded once where the processor can.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    static abstract TSelf Sqrt(TSelf v);

    static abstract TSelf Abs(TSelf v);

    static abstract TSelf Exp(TSelf v);

    static abstract TSelf Log(TSelf v);

    /// <summary>Per lane: left > right ? yes : no.</summary>
    static abstract TSelf WhereGreater(TSelf left, TSelf right, TSelf yes, TSelf no);

    /// <summary>Per lane: left >= right ? yes : no.</summary>
    static abstract TSelf WhereNotLess(TSelf left, TSelf right, TSelf yes, TSelf no);

    /// <summary>
    /// Per lane: <paramref name="scale"/> where the 16-bit number is below <paramref name="threshold"/> (at most 65536), else 0.
    /// </summary>
    static abstract TSelf WhereBelow(ushort* numbers, uint threshold, TSelf scale);

    /// <summary>Stores lanes that hold whole numbers in 0..255.</summary>
    static abstract void StoreBytes(TSelf vector, byte* target);
}
