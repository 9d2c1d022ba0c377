using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>
/// The front door that all backends share: checks shapes and element types once, and hands the work to the operations of the
/// tensors' element type,
/// which may then trust their arguments.
/// </summary>
public abstract partial class CheckedBackend(Device device) : Backend(device)
{
    /// <summary>The operations on float32.</summary>
    protected abstract Backend Singles { get; }

    /// <summary>The operations on float64.</summary>
    protected abstract Backend Doubles { get; }

    /// <summary>y = value for the element types without arithmetic.</summary>
    protected abstract void FillStorage(Tensor y, double value);

    /// <summary>y = x, of one element type.</summary>
    protected abstract void Copy(Tensor x, Tensor y);

    /// <summary>The operations for the element type that the tensors share.</summary>
    /// <exception cref="ArgumentException">They differ, or the type has no arithmetic.</exception>
    private Backend For(params ReadOnlySpan<Tensor?> tensors)
    {
        DType type = tensors[0]!.DType;
        foreach (Tensor? tensor in tensors)
        {
            if (tensor is not null && tensor.DType != type)
                throw new ArgumentException(
                    $"tensors of one operation must share an element type, but {tensors[0]} meets {tensor}; convert one"
                );
        }

        return type switch
        {
            DType.Float32 => Singles,
            DType.Float64 => Doubles,
            _ => throw new ArgumentException($"arithmetic is in Float32 and Float64, but {tensors[0]} was given; convert it"),
        };
    }

    private static void RequireShape(Tensor? tensor, Shape expected, string name)
    {
        if (tensor is not null && tensor.Shape != expected)
            throw new ArgumentException($"{name} must have shape {expected}, but has {tensor.Shape}");
    }

    private static void RequireType(Tensor tensor, DType expected, string name)
    {
        if (tensor.DType != expected)
            throw new ArgumentException($"{name} must be {expected}, but is {tensor.DType}");
    }

    private static void RequireCount(Tensor tensor, long expected, string name)
    {
        if (tensor.Count != expected)
            throw new ArgumentException($"{name} {tensor.Shape} must have {expected} elements, but has {tensor.Count}");
    }
}
