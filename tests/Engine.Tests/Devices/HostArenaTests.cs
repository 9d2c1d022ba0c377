using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Engine.Tests.Devices;

internal sealed class HostArenaTests
{
    private Device device = null!;

    private MemoryPool Pool => device.Pool;

    [SetUp]
    public void Open() => device = Device.OpenCpu();

    [TearDown]
    public void Close() => device.Dispose();

    [Test]
    public void Blocks_never_overlap_and_all_memory_comes_together_again([Values(1, 2, 3)] int seed)
    {
        var random = new System.Random(seed);
        List<DeviceBuffer> lent = [];
        for (int i = 0; i < 500; i++)
        {
            if (lent.Count > 0 && random.Next(5) < 2)
            {
                int index = random.Next(lent.Count);
                Pool.Return(lent[index]);
                lent.RemoveAt(index);
            }
            else
            {
                DeviceBuffer block = Pool.Rent(random.Next(65_537, 1 << random.Next(17, 20)));
                Assert.That(block.Pointer % 64, Is.EqualTo((nint)0));
                lent.Add(block);
            }
        }

        lent.Sort((a, b) => a.Pointer.CompareTo(b.Pointer));
        Assert.That(lent.Zip(lent.Skip(1)).All(pair => pair.First.Pointer + (nint)pair.First.Capacity <= pair.Second.Pointer));
        lent.ForEach(Pool.Return);
        (long reserved, long allocations) = (Pool.ReservedBytes, Pool.DeviceAllocations);
        DeviceBuffer all = Pool.Rent(reserved);
        Assert.That((Pool.ReservedBytes, Pool.DeviceAllocations), Is.EqualTo((reserved, allocations)));
        Pool.Return(all);
    }

    [Test]
    public void A_request_takes_the_smallest_piece_that_holds_it()
    {
        DeviceBuffer large = Pool.Rent(6400),
            wall = Pool.Rent(64),
            small = Pool.Rent(640),
            end = Pool.Rent(64);
        Pool.Return(large);
        Pool.Return(small);
        DeviceBuffer again = Pool.Rent(600),
            rest = Pool.Rent(1);
        Assert.That((again.Pointer, rest.Pointer), Is.EqualTo((small.Pointer, large.Pointer)), "600 bytes take 640");
        foreach (DeviceBuffer block in (DeviceBuffer[])[wall, end, again, rest])
            Pool.Return(block);
    }

    [Test]
    public void A_request_beyond_a_chunk_gets_one_of_its_own_and_can_be_given_back()
    {
        long reserved = Pool.ReservedBytes;
        DeviceBuffer huge = Pool.Rent(1L << 30);
        Assert.That(Pool.ReservedBytes, Is.EqualTo(reserved + (1L << 30)));
        Pool.Return(huge);
        Pool.Trim();
        Assert.That(Pool.ReservedBytes, Is.Zero, "nothing is lent");
    }

    [Test]
    public void Memory_that_does_not_exist_is_refused_in_one_line() =>
        Assert.That(
            () => Pool.Rent(1L << 60),
            Throws.TypeOf<OutOfMemoryException>().With.Message.Contains("use a smaller batch")
        );
}
