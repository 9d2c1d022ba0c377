namespace UnpairedSegEngine.Devices;

/// <summary>
/// Device memory that is kept and lent again. Training asks for the same sizes every step, so after the first step
/// the pool answers every request from its shelves and <see cref="DeviceAllocations"/> stands still.
/// </summary>
public sealed class MemoryPool : IDisposable
{
    private const long SmallestBlock = 256;

    private readonly Func<long, DeviceBuffer> allocate;
    private readonly Dictionary<long, Stack<DeviceBuffer>> shelves = [];
    private readonly Lock gate = new();

    internal MemoryPool(Func<long, DeviceBuffer> allocate) => this.allocate = allocate;

    /// <summary>Blocks ever asked of the device.</summary>
    public long DeviceAllocations { get; private set; }

    /// <summary>Blocks lent and not yet given back.</summary>
    public int LiveBuffers { get; private set; }

    /// <summary>Bytes lent and not yet given back.</summary>
    public long LiveBytes { get; private set; }

    /// <summary>The most that <see cref="LiveBytes"/> has been.</summary>
    public long PeakLiveBytes { get; private set; }

    /// <summary>Bytes held from the device, lent or on the shelves.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>Lends a block of at least <paramref name="bytes"/> bytes with unspecified content.</summary>
    /// <exception cref="OutOfMemoryException">The device has no room; the message says how much was asked and held.</exception>
    public DeviceBuffer Rent(long bytes)
    {
        long capacity = RoundUp(bytes);
        lock (gate)
        {
            DeviceBuffer buffer = shelves.TryGetValue(capacity, out var shelf) && shelf.Count > 0 ? shelf.Pop() : Allocate(capacity);
            LiveBuffers++;
            LiveBytes += capacity;
            PeakLiveBytes = Math.Max(PeakLiveBytes, LiveBytes);
            return buffer;
        }
    }

    /// <summary>Takes back a block that <see cref="Rent"/> lent.</summary>
    public void Return(DeviceBuffer buffer)
    {
        lock (gate)
        {
            LiveBuffers--;
            LiveBytes -= buffer.Capacity;
            if (!shelves.TryGetValue(buffer.Capacity, out var shelf))
                shelves[buffer.Capacity] = shelf = new Stack<DeviceBuffer>();
            shelf.Push(buffer);
        }
    }

    /// <summary>Gives the blocks on the shelves back to the device.</summary>
    public void Trim()
    {
        lock (gate)
        {
            foreach (DeviceBuffer buffer in shelves.Values.SelectMany(shelf => shelf))
            {
                ReservedBytes -= buffer.Capacity;
                buffer.Free();
            }

            shelves.Clear();
        }
    }

    public void Dispose() => Trim();

    /// <summary>Sizes in steps of an eighth of a power of two, so that nearly equal requests share a shelf and at most 12.5 % is wasted.</summary>
    private static long RoundUp(long bytes)
    {
        long size = Math.Max(bytes, SmallestBlock);
        long step = Math.Max(SmallestBlock, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)size) / 16);
        return (size + step - 1) / step * step;
    }

    private DeviceBuffer Allocate(long capacity)
    {
        DeviceAllocations++;
        try
        {
            DeviceBuffer buffer = allocate(capacity);
            ReservedBytes += capacity;
            return buffer;
        }
        catch (OutOfMemoryException exception)
        {
            throw new OutOfMemoryException(
                $"the device has no room for {capacity:N0} bytes beside the {ReservedBytes:N0} bytes held; use a smaller batch, image size or channel count", exception);
        }
    }
}
