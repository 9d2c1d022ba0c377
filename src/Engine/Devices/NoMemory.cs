namespace UnpairedSegEngine.Devices;

/// <summary>
/// Lends addresses without memory behind them. Each is lent once, so that an address tells which block it is of.
/// </summary>
internal sealed class NoMemory : IMemorySource
{
    // As on a GPU: what reads several elements at a time asks where they lie.
    private const int Alignment = 256;

    // Far beyond the memory of any process: an access that should not be ends it at once.
    private nint next = (nint)1 << 55;

    public long Allocations => 0;

    public long ReservedBytes => 0;

    /// <summary>What a read of values that do not exist ends in.</summary>
    public static InvalidOperationException Refusal() =>
        new("the device has no memory: its tensors have shapes and no values to read (Device.OpenWithoutMemory)");

    public long CapacityFor(long bytes) => Math.Max(bytes, 1);

    public DeviceBuffer Take(long capacity)
    {
        var block = new DeviceBuffer(next, capacity);
        next += (nint)((capacity + Alignment - 1) / Alignment * Alignment);
        return block;
    }

    public void Put(DeviceBuffer buffer) { }

    public void Trim() { }
}
