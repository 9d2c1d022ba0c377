namespace UnpairedSegEngine.Tensors;

/// <summary>
/// Element types of a <see cref="Tensor"/>. Arithmetic is in float32 and float64; bfloat16 is storage only; the integers hold
/// labels and indices.
/// </summary>
public enum DType
{
    /// <summary>IEEE single precision.</summary>
    Float32,

    /// <summary>IEEE double precision.</summary>
    Float64,

    /// <summary>The upper half of a float32.</summary>
    BFloat16,

    /// <summary>Labels and masks, 0 to 255.</summary>
    UInt8,

    /// <summary>Counts and indices.</summary>
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

    /// <summary>Whether elements are floating-point numbers.</summary>
    public static bool IsFloating(this DType type) => type is DType.Float32 or DType.Float64 or DType.BFloat16;

    /// <summary>What elements of the type are computed in: float32 for bfloat16, which has no arithmetic, else the
    /// type.</summary>
    public static DType Arithmetic(this DType type) => type == DType.BFloat16 ? DType.Float32 : type;

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
