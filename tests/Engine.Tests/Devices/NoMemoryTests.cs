using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Devices;

/// <summary>Tensors that have shapes only, and a backend that only looks at them.</summary>
internal sealed class NoMemoryTests
{
    // 64 TiB: no machine of ours has them.
    private static readonly Shape Huge = new(1, 1 << 10, 1 << 11, 1 << 11, 1 << 12);

    private Device device = null!;
    private ShapeBackend backend = null!;

    [SetUp]
    public void Open()
    {
        device = Device.OpenWithoutMemory();
        backend = new ShapeBackend(device);
    }

    [TearDown]
    public void Close()
    {
        backend.Dispose();
        device.Dispose();
    }

    [Test]
    public void Tensors_beyond_any_memory_have_addresses_of_their_own()
    {
        using Tensor first = Tensor.Allocate(device, Huge, DType.Float32);
        nint address = first.Pointer;
        using Tensor view = first.Reshape(new Shape((int)(Huge.Count >> 14), 1 << 14));
        Assert.That((first.Bytes, view.Pointer), Is.EqualTo((1L << 46, address)));
        first.Dispose();
        view.Dispose();
        using Tensor second = Tensor.Allocate(device, Huge, DType.Float32);
        Assert.That(second.Pointer, Is.EqualTo(address + (nint)first.Bytes), "an address is not lent again");
        Assert.That((device.Pool.ReservedBytes, device.Pool.LiveBytes), Is.EqualTo((0L, 1L << 46)));
    }

    [Test]
    public unsafe void Values_are_forgotten_and_cannot_be_read()
    {
        using Tensor tensor = Tensor.From<float>(device, new Shape(2), [1, 2]);
        Assert.That((device.HasMemory, device.IsHost), Is.EqualTo((false, false)));
        Assert.That(() => tensor.ToArray<float>(), Throws.InvalidOperationException);
        Assert.That(() => tensor.View<float>().Length, Throws.InvalidOperationException);
        Assert.That(() => tensor.HostPointer<float>() is null, Throws.InvalidOperationException);
    }

    [Test]
    public void Passes_run_and_bad_shapes_are_refused_as_everywhere()
    {
        using var store = new ParameterStore(device, DType.Float32, seed: 1);
        var conv = new Conv(store, "conv", Huge[^1], 1 << 12, Size3.Cube(7), Initializer.Normal(1));
        var tape = new Tape(backend);
        using TensorScope scope = TensorScope.Open(device);
        Variable y = conv.Forward(new ForwardContext(tape), tape.Input(tape.Allocate(Huge, DType.Float32)));
        tape.Backward(y, tape.Allocate(y.Shape, y.DType));
        Parameter kernel = store["conv.kernel"];
        Assert.That(kernel.Variable.Gradient!.Shape, Is.EqualTo(new Shape(7, 7, 7, 1 << 12, 1 << 12)));
        Assert.That(
            () => backend.Unary(UnaryFunction.Sign, kernel.Value, kernel.Variable.Gradient.Reshape(new Shape(343, 1 << 24))),
            Throws.ArgumentException.With.Message.Contains("y must have shape")
        );
    }
}
