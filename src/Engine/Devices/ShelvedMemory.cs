namespace UnpairedSegEngine.Devices;

/// <summary>
/// Blocks of a device whose allocations are slow and cannot be cut: a block that comes back waits for a request of its size.
/// </summary>
/// <param name="allocate">Asks the device for a block.</param>
internal sealed class ShelvedMemory(Func<long, DeviceBuffer> allocate) : IMemorySource
{
    private const long SmallestBlock = 256;

    private readonly MemoryShelves shelves = new();

    public long Allocations { get; private set; }

    public long ReservedBytes { get; private set; }

    /// <summary>
    /// Sizes in steps of an eighth of a power of two, so that nearly equal requests share a shelf and at most 12.5 % is wasted.
    /// </summary>
    public long CapacityFor(long bytes)
    {
        long size = Math.Max(bytes, SmallestBlock);
        long step = Math.Max(SmallestBlock, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)size) / 16);
        return (size + step - 1) / step * step;
    }

    public DeviceBuffer Take(long capacity)
    {
        if (shelves.Take(capacity) is { } waiting)
            return waiting;
        Allocations++;
        DeviceBuffer buffer = allocate(capacity);
        ReservedBytes += capacity;
        return buffer;
    }

    public void Put(DeviceBuffer buffer) => shelves.Put(buffer);

    public void Trim()
    {
        foreach (DeviceBuffer buffer in shelves.Clear())
        {
            ReservedBytes -= buffer.Capacity;
            buffer.Free();
        }
    }
}
