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
    public void A_block_that_is_held_is_lent_again_when_its_work_is_passed()
    {
        DeviceBuffer block = Pool.Rent(Bytes);
        reserve.Hold(block.Pointer + 100, work: 2);
        reserve.Hold(block.Pointer - 1, work: 3);
        Pool.Return(block);
        Assert.That(reserve.HeldBytes, Is.EqualTo(Bytes));
        RequireNext(block, isLent: false);
        reserve.Pass(1);
        RequireNext(block, isLent: false);
        reserve.Pass(2);
        Assert.That(reserve.HeldBytes, Is.Zero);
        RequireNext(block, isLent: true);
    }

    [Test]
    public void A_block_that_comes_back_after_its_work_is_not_held()
    {
        DeviceBuffer block = Pool.Rent(Bytes);
        reserve.Hold(block.Pointer, work: 1);
        reserve.Pass(1);
        Pool.Return(block);
        Assert.That(reserve.HeldBytes, Is.Zero);
        RequireNext(block, isLent: true);
    }

    [Test]
    public void Work_that_a_block_is_held_for_is_lent_it()
    {
        DeviceBuffer block = Pool.Rent(Bytes);
        reserve.Hold(block.Pointer, work: 1);
        Pool.Return(block);
        reserve.LendsHeld = true;
        RequireNext(block, isLent: true);
        DeviceBuffer other = Pool.Rent(Bytes / 2);
        Assert.That(other.Pointer, Is.Not.EqualTo(block.Pointer), "of another size");
        Assert.That(reserve.PeakBytes, Is.EqualTo(Bytes + (Bytes / 2)));
        Pool.Return(other);
    }

    [Test]
    public void What_is_held_counts_as_lent_and_goes_back_with_the_reserve()
    {
        DeviceBuffer block = Pool.Rent(Bytes);
        reserve.Hold(block.Pointer, work: 1);
        Pool.Return(block);
        DeviceBuffer second = Pool.Rent(Bytes);
        Pool.Return(second);
        Assert.That((reserve.PeakBytes, reserve.Bytes), Is.EqualTo((2 * Bytes, 2 * Bytes)));
        long held = Pool.ReservedBytes;
        reserve.Dispose();
        DeviceBuffer[] again = [Pool.Rent(Bytes), Pool.Rent(Bytes)];
        Assert.That(Pool.ReservedBytes, Is.EqualTo(held));
        foreach (DeviceBuffer buffer in again)
            Pool.Return(buffer);
    }

    private void RequireNext(DeviceBuffer block, bool isLent)
    {
        DeviceBuffer next = Pool.Rent(Bytes);
        Assert.That(next.Pointer == block.Pointer, Is.EqualTo(isLent));
        Pool.Return(next);
    }
}
