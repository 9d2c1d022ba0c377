using System.Numerics;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Checkpoints;

/// <summary>Whether what is to be saved, or was read, are numbers.</summary>
public static class FiniteTensors
{
    /// <summary>Whether no element is NaN or infinite. The tensor is copied to the host.</summary>
    public static bool IsFinite(this Tensor tensor) => IsFinite(tensor.ToNamedArray("").Bytes.Span, tensor.DType);

    /// <summary>The same of an array that was read.</summary>
    public static bool IsFinite(ReadOnlySpan<byte> bytes, DType type) =>
        type switch
        {
            DType.Float32 => AreFinite(MemoryMarshal.Cast<byte, float>(bytes)),
            DType.Float64 => AreFinite(MemoryMarshal.Cast<byte, double>(bytes)),
            DType.UInt8 => true,
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no such type"),
        };

    /// <remarks>x - x is 0 for numbers and NaN for all else.</remarks>
    private static bool AreFinite<T>(ReadOnlySpan<T> values)
        where T : struct, IFloatingPointIeee754<T>
    {
        ReadOnlySpan<Vector<T>> vectors = MemoryMarshal.Cast<T, Vector<T>>(values);
        foreach (Vector<T> vector in vectors)
        {
            if (!Vector.EqualsAll(vector - vector, Vector<T>.Zero))
                return false;
        }

        foreach (T value in values[(vectors.Length * Vector<T>.Count)..])
        {
            if (!T.IsFinite(value))
                return false;
        }

        return true;
    }
}
