using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Backends.Cuda;

/// <summary>Memory that single operations hold while they are launched, and how much of it.</summary>
internal sealed class Workspace(MemoryPool pool)
{
    private long lentBytes;

    /// <summary>The most that was held at a time since this was last set.</summary>
    public long PeakBytes { get; set; }

    /// <summary>
    /// Work of one stream runs in order, so the block may be lent again as soon as the launches that use it were made.
    /// </summary>
    public Scratch Rent(long bytes)
    {
        DeviceBuffer buffer = pool.Rent(bytes);
        lentBytes += buffer.Capacity;
        PeakBytes = Math.Max(PeakBytes, lentBytes);
        return new Scratch(this, buffer);
    }

    public void Return(DeviceBuffer buffer)
    {
        lentBytes -= buffer.Capacity;
        pool.Return(buffer);
    }
}

/// <summary>Device memory for one operation.</summary>
internal readonly struct Scratch(Workspace workspace, DeviceBuffer buffer) : IDisposable
{
    public nint Pointer => buffer.Pointer;

    public void Dispose() => workspace.Return(buffer);
}
