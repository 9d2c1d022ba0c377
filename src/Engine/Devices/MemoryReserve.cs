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
    private readonly List<DeviceBuffer> held = [];
    private long lentBytes,
        passed;

    internal MemoryReserve(MemoryPool pool) => this.pool = pool;

    /// <summary>Bytes of its blocks.</summary>
    public long Bytes { get; private set; }

    /// <summary>The most bytes that were lent, or held after that, at a time.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes of blocks that came back while work beside the order of their owner still used them.</summary>
    internal long HeldBytes => held.Sum(buffer => buffer.Capacity);

    /// <summary>Whether the blocks that are held are lent, too: to the work that they are held for, which is in order.</summary>
    internal bool LendsHeld { get; set; }

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
    /// The block with that address, if there is one, is used by work that others do not wait for: when it comes back, it is held
    /// until <see cref="Pass"/> is told of that work.
    /// </summary>
    /// <param name="address">Any address.</param>
    /// <param name="work">Number of the work; later work has higher ones.</param>
    internal void Hold(nint address, long work)
    {
        foreach (DeviceBuffer block in blocks.Values)
        {
            if (address >= block.Pointer && address < block.Pointer + (nint)block.Capacity)
                block.HeldFor = work;
        }
    }

    /// <summary>What is lent from here on is used after the work up to that number.</summary>
    internal void Pass(long work)
    {
        passed = work;
        foreach (DeviceBuffer buffer in held.Where(buffer => buffer.HeldFor <= work).ToArray())
        {
            held.Remove(buffer);
            PutBack(buffer);
        }
    }

    /// <summary>A block of that capacity; null where none waits.</summary>
    internal DeviceBuffer? Take(long capacity)
    {
        if (LendsHeld && held.Find(buffer => buffer.Capacity == capacity) is { } block)
        {
            held.Remove(block);
            lentBytes -= capacity;
            return block;
        }

        return shelves.Take(capacity);
    }

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
        if (buffer.HeldFor > passed)
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
