namespace UnpairedSegEngine.Devices;

/// <summary>
/// Memory set apart for work whose addresses are fixed once, such as a captured graph's: while the reserve is open, every block
/// that the pool lends becomes part of it, and no
/// block of it is lent for anything else until the reserve is disposed.
/// </summary>
public sealed class MemoryReserve : IDisposable
{
    private readonly MemoryPool pool;
    private readonly MemoryShelves shelves = new();
    private readonly Dictionary<nint, DeviceBuffer> blocks = [];
    private readonly HashSet<DeviceBuffer> used = [];
    private readonly List<DeviceBuffer> held = [];
    private long lentBytes;

    internal MemoryReserve(MemoryPool pool) => this.pool = pool;

    /// <summary>Bytes of its blocks.</summary>
    public long Bytes { get; private set; }

    /// <summary>The most bytes that were lent, or held after that, at a time.</summary>
    public long PeakBytes { get; private set; }

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
        pool.TakeBack([.. shelves.Clear(), .. held]);
        held.Clear();
    }

    /// <summary>Whether a block of the reserve begins there.</summary>
    internal bool Contains(nint pointer) => blocks.ContainsKey(pointer);

    /// <summary>
    /// The block with that address, if there is one, is used by work that nothing waits for yet: when it comes back, it is lent
    /// again only after <see cref="Release"/>.
    /// </summary>
    /// <param name="address">Any address.</param>
    internal void Hold(nint address)
    {
        foreach (DeviceBuffer block in blocks.Values)
        {
            if (address >= block.Pointer && address < block.Pointer + (nint)block.Capacity)
                used.Add(block);
        }
    }

    /// <summary>What is lent from here on is used after all work so far.</summary>
    internal void Release()
    {
        used.Clear();
        held.ForEach(PutBack);
        held.Clear();
    }

    /// <summary>A block of that capacity; null where none waits.</summary>
    internal DeviceBuffer? Take(long capacity) => shelves.Take(capacity);

    internal void Lend(DeviceBuffer buffer)
    {
        if (blocks.TryAdd(buffer.Pointer, buffer))
            Bytes += buffer.Capacity;
        buffer.Reserve = this;
        lentBytes += buffer.Capacity;
        PeakBytes = Math.Max(PeakBytes, lentBytes);
    }

    internal void Return(DeviceBuffer buffer)
    {
        if (used.Contains(buffer))
            held.Add(buffer);
        else
            PutBack(buffer);
    }

    private void PutBack(DeviceBuffer buffer)
    {
        lentBytes -= buffer.Capacity;
        shelves.Put(buffer);
    }
}
