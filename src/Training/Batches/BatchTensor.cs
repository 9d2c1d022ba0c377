using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Training.Batches;

/// <summary>A tensor of a batch, in host memory.</summary>
public sealed class BatchTensor
{
    private readonly Array elements;

    private BatchTensor(TensorKind kind, Shape shape, Array elements) => (Kind, Shape, this.elements) = (kind, shape, elements);

    /// <summary>Its name, element type and the shape of a sample's part.</summary>
    public TensorKind Kind { get; }

    /// <summary>(samples, ...).</summary>
    public Shape Shape { get; }

    /// <summary>Of the host's memory.</summary>
    internal long Bytes => Buffer.ByteLength(elements);

    /// <param name="name">By which a method asks for it.</param>
    /// <param name="shape">(samples, ...).</param>
    /// <param name="elements">float, double or byte, as many as the shape has.</param>
    /// <exception cref="ArgumentException">Not as many elements.</exception>
    public static BatchTensor Of<T>(string name, Shape shape, T[] elements)
        where T : unmanaged =>
        elements.Length == shape.Count
            ? new BatchTensor(new TensorKind(name, new Shape(shape.AsSpan()[1..]), DTypes.Of<T>()), shape, elements)
            : throw new ArgumentException($"'{name}' has {elements.Length} elements, but its shape {shape} has {shape.Count}");

    /// <summary>Zeros for a number of samples.</summary>
    internal static BatchTensor Allocate(TensorKind kind, int samples)
    {
        var shape = new Shape([samples, .. kind.Shape.AsSpan()]);
        int count = checked((int)shape.Count);
        return new BatchTensor(
            kind,
            shape,
            kind.DType switch
            {
                DType.Float32 => new float[count],
                DType.Float64 => new double[count],
                DType.UInt8 => new byte[count],
                _ => throw new ArgumentException($"'{kind.Name}': batches hold no {kind.DType}"),
            }
        );
    }

    /// <summary>All elements.</summary>
    /// <exception cref="InvalidCastException">They are of another type.</exception>
    public T[] Elements<T>()
        where T : unmanaged => (T[])elements;

    /// <summary>A sample's elements.</summary>
    /// <exception cref="InvalidCastException">They are of another type.</exception>
    public Span<T> Sample<T>(int sample)
        where T : unmanaged
    {
        int length = checked((int)Kind.Shape.Count);
        return Elements<T>().AsSpan(sample * length, length);
    }

    internal Tensor CopyTo(Device device) =>
        elements switch
        {
            float[] values => Tensor.From<float>(device, Shape, values),
            double[] values => Tensor.From<double>(device, Shape, values),
            byte[] values => Tensor.From<byte>(device, Shape, values),
            _ => throw new InvalidOperationException($"no elements of {elements.GetType().Name}"),
        };

    internal void LoadInto(IRecordedInput input)
    {
        switch (elements)
        {
            case float[] values:
                input.Load<float>(values);
                break;
            case double[] values:
                input.Load<double>(values);
                break;
            case byte[] values:
                input.Load<byte>(values);
                break;
            default:
                throw new InvalidOperationException($"no elements of {elements.GetType().Name}");
        }
    }
}
