namespace UnpairedSegEngine.Devices;

/// <summary>
/// Device memory that is kept and lent again. Training asks for the same sizes every step, so after the first step
/// the pool answers every request from what came back, and <see cref="DeviceAllocations"/> stands still.
/// </summary>
public sealed class MemoryPool : IDisposable
{
    private readonly IMemorySource source;
    private readonly Lock gate = new();
    private MemoryReserve? open;

    internal MemoryPool(IMemorySource source) => this.source = source;

    /// <summary>How often the device was asked for memory.</summary>
    public long DeviceAllocations => source.Allocations;

    /// <summary>Blocks lent and not yet given back.</summary>
    public int LiveBuffers { get; private set; }

    /// <summary>Bytes lent and not yet given back.</summary>
    public long LiveBytes { get; private set; }

    /// <summary>The most that <see cref="LiveBytes"/> has been.</summary>
    public long PeakLiveBytes { get; private set; }

    /// <summary>Bytes held from the device, lent or waiting.</summary>
    public long ReservedBytes => source.ReservedBytes;

    /// <summary>Lends a block of at least <paramref name="bytes"/> bytes with unspecified content.</summary>
    /// <exception cref="OutOfMemoryException">The device has no room; the message says how much was asked and held.</exception>
    public DeviceBuffer Rent(long bytes) => Rent(bytes, beside: false);

    /// <summary>
    /// Lends a block that no open reserve has lent before, nor will: for what must last longer than the order of its work tells.
    /// </summary>
    internal DeviceBuffer RentBesideReserve(long bytes) => Rent(bytes, beside: true);

    /// <summary>Takes back a block that <see cref="Rent(long)"/> lent.</summary>
    public void Return(DeviceBuffer buffer)
    {
        lock (gate)
        {
            LiveBuffers--;
            LiveBytes -= buffer.Capacity;
            if (buffer.Reserve is { IsDisposed: false } reserve)
                reserve.Return(buffer);
            else
                PutBack(buffer);
        }
    }

    /// <summary>Gives what is not lent back to the device.</summary>
    public void Trim()
    {
        lock (gate)
            source.Trim();
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

    /// <summary>Gives all memory back to the device.</summary>
    public void Dispose() => Trim();

    internal void Close(MemoryReserve reserve)
    {
        lock (gate)
        {
            if (open == reserve)
                open = null;
        }
    }

    internal void TakeBack(IReadOnlyList<DeviceBuffer> blocks)
    {
        lock (gate)
        {
            foreach (DeviceBuffer buffer in blocks)
                PutBack(buffer);
        }
    }

    private DeviceBuffer Rent(long bytes, bool beside)
    {
        long capacity = source.CapacityFor(bytes);
        lock (gate)
        {
            MemoryReserve? reserve = beside ? null : open;
            DeviceBuffer buffer = reserve?.Take(capacity) ?? Take(capacity);
            reserve?.Lend(buffer);
            LiveBuffers++;
            LiveBytes += capacity;
            PeakLiveBytes = Math.Max(PeakLiveBytes, LiveBytes);
            return buffer;
        }
    }

    private DeviceBuffer Take(long capacity)
    {
        try
        {
            return source.Take(capacity);
        }
        catch (OutOfMemoryException exception)
        {
            throw new OutOfMemoryException(
                $"the device has no room for {capacity:N0} bytes beside the {ReservedBytes:N0} bytes held; use a smaller "
                    + "batch, image size or channel count",
                exception
            );
        }
    }

    private void PutBack(DeviceBuffer buffer)
    {
        buffer.Reserve = null;
        source.Put(buffer);
    }
}
