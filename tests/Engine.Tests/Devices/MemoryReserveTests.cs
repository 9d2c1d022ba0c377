using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Engine.Tests.Devices;

/// <summary>Blocks that work beside the order of their owner still uses.</summary>
internal sealed class MemoryReserveTests
{
    private const long Bytes = 4096;

    private Device device = null!;
    private MemoryReserve reserve = null!;

    private MemoryPool Pool => device.Pool;

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        reserve = Pool.Reserve();
    }

    [TearDown]
    public void Close()
    {
        reserve.Dispose();
        Assert.That(Pool.LiveBuffers, Is.Zero);
        device.Dispose();
    }

    [Test]
    public void A_block_that_is_held_is_lent_again_after_the_release()
    {
        DeviceBuffer block = Pool.Rent(Bytes);
        reserve.Hold(block.Pointer + 100);
        Pool.Return(block);
        RequireNext(block, isLent: false);
        reserve.Release();
        Assert.That(reserve.PeakBytes, Is.EqualTo(2 * Bytes), "what is held counts as lent");
        DeviceBuffer[] both = [Pool.Rent(Bytes), Pool.Rent(Bytes)];
        Assert.That((both.Contains(block), reserve.Bytes), Is.EqualTo((true, 2 * Bytes)));
        Pool.Return(both[0]);
        RequireNext(both[0], isLent: true);
        Pool.Return(both[1]);
    }

    [Test]
    public void Blocks_beside_that_address_and_those_that_come_back_later_are_not_held()
    {
        DeviceBuffer block = Pool.Rent(Bytes);
        reserve.Hold(block.Pointer - 1);
        reserve.Hold(block.Pointer + (nint)Bytes);
        Pool.Return(block);
        RequireNext(block, isLent: true);
        block = Pool.Rent(Bytes);
        reserve.Hold(block.Pointer);
        reserve.Release();
        Pool.Return(block);
        RequireNext(block, isLent: true);
    }

    [Test]
    public void What_is_held_goes_back_with_the_reserve()
    {
        DeviceBuffer block = Pool.Rent(Bytes);
        reserve.Hold(block.Pointer);
        Pool.Return(block);
        long reserved = Pool.ReservedBytes;
        reserve.Dispose();
        DeviceBuffer again = Pool.Rent(Bytes);
        Assert.That(Pool.ReservedBytes, Is.EqualTo(reserved));
        Pool.Return(again);
    }

    private void RequireNext(DeviceBuffer block, bool isLent)
    {
        DeviceBuffer next = Pool.Rent(Bytes);
        Assert.That(next.Pointer == block.Pointer, Is.EqualTo(isLent));
        Pool.Return(next);
    }
}
