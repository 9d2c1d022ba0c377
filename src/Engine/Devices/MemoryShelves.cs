namespace UnpairedSegEngine.Devices;

/// <summary>Blocks that wait to be lent, by capacity.</summary>
internal sealed class MemoryShelves
{
    private readonly Dictionary<long, Stack<DeviceBuffer>> shelves = [];

    /// <summary>A block of that capacity; null where none waits.</summary>
    public DeviceBuffer? Take(long capacity) =>
        shelves.TryGetValue(capacity, out Stack<DeviceBuffer>? shelf) && shelf.TryPop(out DeviceBuffer? buffer) ? buffer : null;

    public void Put(DeviceBuffer buffer)
    {
        if (!shelves.TryGetValue(buffer.Capacity, out Stack<DeviceBuffer>? shelf))
            shelves[buffer.Capacity] = shelf = new Stack<DeviceBuffer>();
        shelf.Push(buffer);
    }

    /// <summary>Hands out all blocks.</summary>
    public IReadOnlyList<DeviceBuffer> Clear()
    {
        DeviceBuffer[] all = [.. shelves.Values.SelectMany(shelf => shelf)];
        shelves.Clear();
        return all;
    }
}
