namespace UnpairedSegEngine.Devices;

/// <summary>
/// Device memory that is kept and lent again. Training asks for the same sizes every step, so after the first step
/// the pool answers every request from its shelves and <see cref="DeviceAllocations"/> stands still.
/// </summary>
public sealed class MemoryPool : IDisposable
{
    private const long SmallestBlock = 256;

    private readonly Func<long, DeviceBuffer> allocate;
    private readonly MemoryShelves shelves = new();
    private readonly Lock gate = new();
    private MemoryReserve? open;

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
    public DeviceBuffer Rent(long bytes) => Rent(bytes, beside: false);

    /// <summary>Lends a block that no open reserve has lent before, nor will: for what must last longer than the order of its work tells.</summary>
    internal DeviceBuffer RentBesideReserve(long bytes) => Rent(bytes, beside: true);

    /// <summary>Takes back a block that <see cref="Rent"/> lent.</summary>
    public void Return(DeviceBuffer buffer)
    {
        lock (gate)
        {
            LiveBuffers--;
            LiveBytes -= buffer.Capacity;
            if (buffer.Reserve is { IsDisposed: false } reserve)
                reserve.Return(buffer);
            else
                Shelve(buffer);
        }
    }

    /// <summary>Gives the blocks on the shelves back to the device.</summary>
    public void Trim()
    {
        lock (gate)
        {
            foreach (DeviceBuffer buffer in shelves.Clear())
            {
                ReservedBytes -= buffer.Capacity;
                buffer.Free();
            }
        }
    }

    /// <summary>Opens a reserve: what is rented until it is closed is set apart.</summary>
    /// <exception cref="InvalidOperationException">Another is open.</exception>
    public MemoryReserve Reserve()
    {
        lock (gate)
        {
            if (open is not null)
                throw new InvalidOperationException("a memory reserve is open already; close it first");
            return open = new MemoryReserve(this);
        }
    }

    public void Dispose() => Trim();

    internal void Close(MemoryReserve reserve)
    {
        lock (gate)
        {
            if (open == reserve)
                open = null;
        }
    }

    internal void TakeBack(MemoryShelves blocks)
    {
        lock (gate)
        {
            foreach (DeviceBuffer buffer in blocks.Clear())
                Shelve(buffer);
        }
    }

    /// <summary>Sizes in steps of an eighth of a power of two, so that nearly equal requests share a shelf and at most 12.5 % is wasted.</summary>
    private static long RoundUp(long bytes)
    {
        long size = Math.Max(bytes, SmallestBlock);
        long step = Math.Max(SmallestBlock, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)size) / 16);
        return (size + step - 1) / step * step;
    }

    private DeviceBuffer Rent(long bytes, bool beside)
    {
        long capacity = RoundUp(bytes);
        lock (gate)
        {
            MemoryReserve? reserve = beside ? null : open;
            DeviceBuffer buffer = reserve?.Shelves.Take(capacity) ?? shelves.Take(capacity) ?? Allocate(capacity);
            reserve?.Lend(buffer);
            LiveBuffers++;
            LiveBytes += capacity;
            PeakLiveBytes = Math.Max(PeakLiveBytes, LiveBytes);
            return buffer;
        }
    }

    private void Shelve(DeviceBuffer buffer)
    {
        buffer.Reserve = null;
        shelves.Put(buffer);
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
