namespace UnpairedSegEngine.Tensors;

/// <summary>
/// Element types of a <see cref="Tensor"/>. Arithmetic is in float32 and float64; bfloat16 is storage only; the integers hold
/// labels and indices.
/// </summary>
public enum DType
{
    Float32,
    Float64,
    BFloat16,
    UInt8,
    Int32,
}

/// <summary>Sizes and names of the element types.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType type) =>
        type switch
        {
            DType.Float64 => 8,
            DType.Float32 or DType.Int32 => 4,
            DType.BFloat16 => 2,
            DType.UInt8 => 1,
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type"),
        };

    public static bool IsFloating(this DType type) => type is DType.Float32 or DType.Float64 or DType.BFloat16;

    /// <summary>The element type that stores <typeparamref name="T"/>.</summary>
    public static DType Of<T>()
        where T : unmanaged =>
        default(T) switch
        {
            float => DType.Float32,
            double => DType.Float64,
            byte => DType.UInt8,
            int => DType.Int32,
            _ => throw new ArgumentException($"no tensor element type stores {typeof(T).Name}; use float, double, byte or int"),
        };
}
