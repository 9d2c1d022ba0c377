namespace UnpairedSegEngine.Devices;

/// <summary>
/// Memory set apart for work whose addresses are fixed once, such as a captured graph's: while the reserve is open, every block
/// that the pool lends becomes part of it, and no
/// block of it is lent for anything else until the reserve is disposed.
/// </summary>
public sealed class MemoryReserve : IDisposable
{
    private readonly MemoryPool pool;
    private readonly HashSet<nint> blocks = [];
    private long lentBytes;

    internal MemoryReserve(MemoryPool pool) => this.pool = pool;

    /// <summary>Bytes of its blocks.</summary>
    public long Bytes { get; private set; }

    /// <summary>The most bytes that were lent at a time.</summary>
    public long PeakBytes { get; private set; }

    internal MemoryShelves Shelves { get; } = new();

    internal bool IsDisposed { get; private set; }

    /// <summary>From here on the pool lends from its own shelves again.</summary>
    public void Close() => pool.Close(this);

    /// <summary>Gives the blocks back to the pool; those still lent follow when they are returned.</summary>
    public void Dispose()
    {
        if (IsDisposed)
            return;
        Close();
        IsDisposed = true;
        pool.TakeBack(Shelves);
    }

    /// <summary>Whether a block of the reserve begins there.</summary>
    internal bool Contains(nint pointer) => blocks.Contains(pointer);

    internal void Lend(DeviceBuffer buffer)
    {
        if (blocks.Add(buffer.Pointer))
            Bytes += buffer.Capacity;
        buffer.Reserve = this;
        lentBytes += buffer.Capacity;
        PeakBytes = Math.Max(PeakBytes, lentBytes);
    }

    internal void Return(DeviceBuffer buffer)
    {
        lentBytes -= buffer.Capacity;
        Shelves.Put(buffer);
    }
}
