using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Tensors;

internal sealed class TensorTests
{
    private Device device = null!;
    private TensorScope scope = null!;

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        scope = TensorScope.Open(device);
    }

    [TearDown]
    public void Close()
    {
        scope.Dispose();
        device.Dispose();
    }

    [Test]
    public void Elements_come_back_in_every_type()
    {
        var shape = new Shape(2, 2);
        Assert.That(
            Tensor.From<float>(device, shape, [1, -2, 3.5f, float.NaN]).ToArray<float>(),
            Is.EqualTo(new[] { 1, -2, 3.5f, float.NaN })
        );
        Assert.That(
            Tensor.From<double>(device, shape, [1, -2, 1e300, 4]).ToArray<double>(),
            Is.EqualTo(new[] { 1, -2, 1e300, 4 })
        );
        Assert.That(
            Tensor.From<byte>(device, shape, [0, 1, 254, 255]).ToArray<byte>(),
            Is.EqualTo(new byte[] { 0, 1, 254, 255 })
        );
        Assert.That(
            Tensor.From<int>(device, shape, [0, -1, int.MaxValue, 3]).ToArray<int>(),
            Is.EqualTo(new[] { 0, -1, int.MaxValue, 3 })
        );
    }

    [Test]
    public void A_scalar_is_a_shape_without_axes()
    {
        Assert.That((new Shape().Rank, new Shape().Count, default(Shape)), Is.EqualTo((0, 1L, new Shape())));
        Assert.That(Tensor.From<double>(device, new Shape(), [2.5]).ToScalar(), Is.EqualTo(2.5));
    }

    [Test]
    public void Wrong_uses_are_refused_with_both_sides_named()
    {
        Tensor tensor = Tensor.From<float>(device, new Shape(2, 3), new float[6]);
        Assert.That(
            () => tensor.ToArray<double>(),
            Throws.ArgumentException.With.Message.Contains("Float32").And.Message.Contains("Double")
        );
        Assert.That(
            () => tensor.Load<float>(new float[5]),
            Throws.ArgumentException.With.Message.Contains('6').And.Message.Contains('5')
        );
        Assert.That(
            () => tensor.Reshape(new Shape(4)),
            Throws.ArgumentException.With.Message.Contains("(2, 3)").And.Message.Contains("(4)")
        );
        foreach ((long first, int count) in new[] { (-1L, 2), (5L, 2), (0L, 7) })
            Assert.That(
                () => tensor.Part(first, new Shape(count)),
                Throws.ArgumentException.With.Message.Contains("(2, 3)").And.Message.Contains($"({count})")
            );
        Assert.That(() => Tensor.From<long>(device, new Shape(1), [1L]), Throws.ArgumentException.With.Message.Contains("Int64"));
    }

    [TestCase(0)]
    [TestCase(-1)]
    public void Extents_start_at_one(int extent) =>
        Assert.That(() => new Shape(2, extent), Throws.ArgumentException.With.Message.Contains("below 1"));

    [Test]
    public void Counts_that_overflow_are_refused() =>
        Assert.That(() => new Shape(int.MaxValue, int.MaxValue, 3).Count, Throws.TypeOf<OverflowException>());

    [Test]
    public void Shapes_are_values()
    {
        var shape = new Shape(2, 3, 4);
        Assert.That((shape[^1], shape[0], shape.Count, shape.ToString()), Is.EqualTo((4, 2, 24L, "(2, 3, 4)")));
        Assert.That(shape.With(^1, 5), Is.EqualTo(new Shape(2, 3, 5)));
        Assert.That(shape.GetHashCode(), Is.EqualTo(new Shape(2, 3, 4).GetHashCode()));
        Assert.That(shape, Is.EqualTo(new Shape(2, 3, 4)).And.Not.EqualTo(new Shape(2, 12)));
    }

    [Test]
    public void Memory_is_aligned_for_the_widest_vectors([Values(1, 3, 100, 10_000)] int count) =>
        Assert.That(Tensor.Allocate(device, new Shape(count), DType.Float32).Pointer % 64, Is.EqualTo((nint)0));

    [Test]
    public void The_pool_lends_the_same_block_again()
    {
        nint first;
        using (Tensor tensor = Tensor.Allocate(device, new Shape(1000), DType.Float32))
            first = tensor.Pointer;
        long allocations = device.Pool.DeviceAllocations;
        Tensor again = Tensor.Allocate(device, new Shape(1000), DType.Float32);
        Assert.That((again.Pointer, device.Pool.DeviceAllocations), Is.EqualTo((first, allocations)));
        Tensor another = Tensor.Allocate(device, new Shape(1000), DType.Float32);
        Assert.That(another.Pointer, Is.Not.EqualTo(first), "a lent block is not lent twice");
    }

    [Test]
    public void The_pool_counts_bytes_and_trims()
    {
        (long held, long reserved) = (device.Pool.LiveBytes, device.Pool.ReservedBytes);
        using (Tensor tensor = Tensor.Allocate(device, new Shape(100_000), DType.Float64))
        {
            Assert.That(device.Pool.LiveBytes - held, Is.InRange(800_000, 900_000));
            Assert.That(device.Pool.PeakLiveBytes, Is.GreaterThanOrEqualTo(device.Pool.LiveBytes));
        }

        Assert.That(
            (device.Pool.LiveBytes, device.Pool.ReservedBytes),
            Is.EqualTo((held, reserved + device.Pool.PeakLiveBytes - held))
        );
        device.Pool.Trim();
        Assert.That(device.Pool.ReservedBytes, Is.EqualTo(reserved));
    }
}
