using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Device = UnpairedSegEngine.Devices.Device;

namespace UnpairedSegEngine.Tensors;

/// <summary>
/// A dense array in device memory, last axis fastest. Knows nothing of gradients. Freed by <see cref="Dispose"/> or by the
/// <see cref="TensorScope"/> it was allocated in.
/// </summary>
public sealed class Tensor : IDisposable
{
    private readonly long start; // of the first element in the storage, bytes
    private Storage? storage;

    private Tensor(Storage storage, Shape shape, DType type, long start = 0)
    {
        (this.storage, this.start) = (storage, start);
        Shape = shape;
        DType = type;
        Device = storage.Device;
        TensorScope.Adopt(this);
    }

    /// <summary>Extents, slowest first.</summary>
    public Shape Shape { get; }

    /// <summary>Type of the elements.</summary>
    public DType DType { get; }

    /// <summary>Where the elements lie.</summary>
    public Device Device { get; }

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Count;

    /// <summary>Size of the elements.</summary>
    public long Bytes => Count * DType.Size();

    /// <summary>Whether it was freed.</summary>
    public bool IsDisposed => storage is null;

    /// <summary>Address of the first element, on the device.</summary>
    public nint Pointer => Live.Buffer.Pointer + (nint)start;

    internal TensorScope? Owner { get; set; }

    private Storage Live =>
        storage
        ?? throw new ObjectDisposedException(
            $"tensor {Shape}",
            $"tensor {Shape} was freed: its scope or the backward pass has ended; call Keep() or Retain() to use it later"
        );

    /// <summary>Memory with unspecified content.</summary>
    public static Tensor Allocate(Device device, Shape shape, DType type) =>
        new(new Storage(device, shape.Count * type.Size()), shape, type);

    /// <summary>A tensor with the given elements.</summary>
    /// <exception cref="ArgumentException">The number of elements is not the shape's.</exception>
    public static Tensor From<T>(Device device, Shape shape, ReadOnlySpan<T> elements)
        where T : unmanaged
    {
        Tensor tensor = Allocate(device, shape, DTypes.Of<T>());
        tensor.Load(elements);
        return tensor;
    }

    /// <summary>Replaces the content.</summary>
    public void Load<T>(ReadOnlySpan<T> elements)
        where T : unmanaged
    {
        RequireType<T>();
        if (elements.Length != Count)
            throw new ArgumentException($"tensor {Shape} holds {Count} elements, not {elements.Length}");
        Load(elements, 0);
    }

    /// <summary>Replaces some elements.</summary>
    /// <param name="elements">New values.</param>
    /// <param name="first">Where they go, counted in memory's order.</param>
    public void Load<T>(ReadOnlySpan<T> elements, long first)
        where T : unmanaged
    {
        RequireType<T>();
        if (first < 0 || first + elements.Length > Count)
            throw new ArgumentException($"tensor {Shape} holds {Count} elements, not {first} and {elements.Length} more");
        Device.Upload(MemoryMarshal.AsBytes(elements), Pointer + (nint)(first * DType.Size()), Live.Buffer);
    }

    /// <summary>A copy of the content in host memory.</summary>
    public T[] ToArray<T>()
        where T : unmanaged
    {
        RequireType<T>();
        var elements = new T[Count];
        CopyTo(elements.AsSpan());
        return elements;
    }

    /// <summary>Copies the content to host memory.</summary>
    public void CopyTo<T>(Span<T> elements)
        where T : unmanaged
    {
        RequireType<T>();
        Device.Download(Pointer, Live.Buffer, MemoryMarshal.AsBytes(elements[..checked((int)Count)]));
    }

    /// <summary>The only element of a scalar or one-element tensor.</summary>
    public double ToScalar() => DType == DType.Float64 ? ToArray<double>()[0] : ToArray<float>()[0];

    /// <summary>The same memory under another shape of as many elements.</summary>
    public Tensor Reshape(Shape shape)
    {
        if (shape.Count != Count)
            throw new ArgumentException($"tensor {Shape} cannot be seen as {shape}: the element counts differ");
        return new Tensor(Live.Share(), shape, DType, start);
    }

    /// <summary>The memory of some elements that follow each other.</summary>
    /// <param name="first">The first of them, counted in memory's order.</param>
    /// <param name="shape">Theirs.</param>
    public Tensor Part(long first, Shape shape) =>
        first >= 0 && first + shape.Count <= Count
            ? new Tensor(Live.Share(), shape, DType, start + (first * DType.Size()))
            : throw new ArgumentException($"tensor {Shape} holds {Count} elements, not {shape} from {first} on");

    /// <summary>Hands this tensor from the open scope to the enclosing one, or to the caller where there is none.</summary>
    public Tensor Keep()
    {
        TensorScope? parent = Owner?.Parent;
        Owner = null;
        parent?.Add(this);
        return this;
    }

    /// <summary>Takes this tensor out of every scope: the caller frees it.</summary>
    public Tensor Detach()
    {
        Owner = null;
        return this;
    }

    /// <summary>The elements as an ILGPU view, for kernels.</summary>
    public ArrayView<T> View<T>()
        where T : unmanaged
    {
        RequireType<T>();
        return Live.Buffer.Memory.AsRawArrayView().SubView(start, Bytes).Cast<T>();
    }

    /// <summary>The memory as an ILGPU view of another element type, as for bfloat16 kept in 16-bit words.</summary>
    internal ArrayView<T> RawView<T>()
        where T : unmanaged => Live.Buffer.Memory.AsRawArrayView().SubView(start, Bytes).Cast<T>();

    /// <summary>The elements in host memory.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not in host memory.</exception>
    public unsafe T* HostPointer<T>()
        where T : unmanaged
    {
        RequireType<T>();
        if (!Device.IsHost)
            throw new InvalidOperationException($"tensor {Shape} lies on {Device.Name}, not in host memory");
        return (T*)Pointer;
    }

    /// <summary>Frees the memory, unless another shape of it lives on.</summary>
    public void Dispose()
    {
        storage?.Release();
        storage = null;
    }

    /// <summary>Element type, shape and device.</summary>
    public override string ToString() => $"{DType} {Shape} on {Device.Name}";

    private void RequireType<T>()
        where T : unmanaged
    {
        if (DTypes.Of<T>() != DType)
            throw new ArgumentException($"tensor {Shape} holds {DType}, not {typeof(T).Name}");
    }
}
