using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>Memory that refuses one request.</summary>
/// <param name="inner">Where blocks come from.</param>
/// <param name="failing">Which request, from 1; 0 for none.</param>
internal sealed class FailingMemory(IMemorySource inner, long failing) : IMemorySource
{
    /// <summary>Requests so far.</summary>
    public long Requests { get; private set; }

    public long Allocations => inner.Allocations;

    public long ReservedBytes => inner.ReservedBytes;

    public long CapacityFor(long bytes) => inner.CapacityFor(bytes);

    public DeviceBuffer Take(long capacity) =>
        ++Requests == failing ? throw new OutOfMemoryException("a test lets it fail") : inner.Take(capacity);

    public void Put(DeviceBuffer buffer) => inner.Put(buffer);

    public void Trim() => inner.Trim();
}
