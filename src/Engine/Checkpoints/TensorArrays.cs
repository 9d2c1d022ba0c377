using System.Runtime.InteropServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Checkpoints;

/// <summary>Moves tensors to and from the arrays of a checkpoint.</summary>
public static class TensorArrays
{
    /// <summary>A copy of a tensor's content under a name.</summary>
    public static NamedArray ToNamedArray(this Tensor tensor, string name)
    {
        var bytes = new byte[tensor.Bytes];
        if (tensor.DType == DType.Float64)
            tensor.CopyTo(MemoryMarshal.Cast<byte, double>(bytes.AsSpan()));
        else
            tensor.CopyTo(MemoryMarshal.Cast<byte, float>(bytes.AsSpan()));
        return new NamedArray(name, tensor.DType, tensor.Shape, bytes);
    }

    /// <summary>Fills tensors from the arrays of the same names.</summary>
    /// <param name="path">The file that the arrays come from, for messages.</param>
    /// <param name="arrays">What the file holds.</param>
    /// <param name="tensors">What must be filled; every array must be used.</param>
    /// <exception cref="InvalidDataException">An array is missing, superfluous, or of another shape or type.</exception>
    public static void Restore(string path, IReadOnlyList<NamedArray> arrays, IEnumerable<(string Name, Tensor Tensor)> tensors)
    {
        Dictionary<string, NamedArray> byName = arrays.ToDictionary(array => array.Name);
        foreach ((string name, Tensor tensor) in tensors)
        {
            if (!byName.Remove(name, out NamedArray? array))
                throw new InvalidDataException(
                    $"'{path}': has no array '{name}'; it belongs to another network or configuration"
                );
            if (array.Shape != tensor.Shape || array.DType != tensor.DType)
                throw new InvalidDataException(
                    $"'{path}': array '{name}' is {array.DType} {array.Shape}, expected {tensor.DType} {tensor.Shape}; it "
                        + "belongs to another configuration"
                );
            if (tensor.DType == DType.Float64)
                tensor.Load<double>(MemoryMarshal.Cast<byte, double>(array.Bytes.Span));
            else
                tensor.Load<float>(MemoryMarshal.Cast<byte, float>(array.Bytes.Span));
        }

        if (byName.Count > 0)
            throw new InvalidDataException(
                $"'{path}': array '{byName.Keys.Order(StringComparer.Ordinal).First()}' is not part of the network; it "
                    + "belongs to another configuration"
            );
    }
}
