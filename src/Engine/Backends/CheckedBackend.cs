using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>
/// The front door that all backends share: checks shapes and element types once, and hands the work to the operations of the
/// tensors' element type,
/// which may then trust their arguments. Tensors stored as bfloat16 go to the float32 operations, through a
/// <see cref="Widening"/> where those do not take them.
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
    private Backend For(params ReadOnlySpan<Tensor?> tensors) => ForStored([], tensors);

    /// <summary>The operations for the element type that all tensors share, but for some that may be stored as
    /// bfloat16.</summary>
    /// <param name="stored">Of that type, or bfloat16 where it is float32.</param>
    /// <param name="computed">Of that type.</param>
    /// <exception cref="ArgumentException">They differ, or the type has no arithmetic.</exception>
    private Backend ForStored(ReadOnlySpan<Tensor?> stored, params ReadOnlySpan<Tensor?> computed)
    {
        Tensor first = computed.IsEmpty ? stored[0]! : computed[0]!;
        DType type = computed.IsEmpty ? first.DType.Arithmetic() : first.DType;
        if (type is not (DType.Float32 or DType.Float64))
            throw new ArgumentException($"arithmetic is in Float32 and Float64, but {first} was given; convert it");
        foreach (Tensor? tensor in stored)
        {
            if (tensor is not null && tensor.DType.Arithmetic() != type)
                throw Differing(first, tensor);
        }

        foreach (Tensor? tensor in computed)
        {
            if (tensor is not null && tensor.DType != type)
                throw Differing(first, tensor);
        }

        return type == DType.Float32 ? Singles : Doubles;
    }

    private static ArgumentException Differing(Tensor one, Tensor other) =>
        new($"tensors of one operation must share an element type, but {one} meets {other}; convert one");

    /// <summary>Of two tensors, one may be bfloat16 only where the other is: no kernel has the other combination.</summary>
    private static void RequireNoNarrower(Tensor tensor, Tensor other, string name)
    {
        if (tensor.DType == DType.BFloat16 && other.DType != DType.BFloat16)
            throw new ArgumentException($"{name} cannot be {tensor.DType} beside {other}; convert one");
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
