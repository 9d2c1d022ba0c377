namespace UnpairedSegEngine.Devices;

/// <summary>Where a pool's blocks come from. Not thread-safe: the pool asks one thing at a time.</summary>
internal interface IMemorySource
{
    /// <summary>How often the device was asked for memory.</summary>
    long Allocations { get; }

    /// <summary>Bytes held from the device, lent or not.</summary>
    long ReservedBytes { get; }

    /// <summary>What a request of so many bytes occupies.</summary>
    long CapacityFor(long bytes);

    /// <summary>A block of a capacity that <see cref="CapacityFor"/> gave.</summary>
    /// <exception cref="OutOfMemoryException">The device refuses.</exception>
    DeviceBuffer Take(long capacity);

    /// <summary>Takes a block back.</summary>
    void Put(DeviceBuffer buffer);

    /// <summary>Gives what is not lent back to the device.</summary>
    void Trim();
}
