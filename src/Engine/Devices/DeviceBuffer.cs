using ILGPU.Runtime;

namespace UnpairedSegEngine.Devices;

/// <summary>One block of device memory lent by a <see cref="MemoryPool"/>. The ILGPU buffer below it gives views to kernels; on the CPU its pointer is plain host memory.</summary>
public sealed class DeviceBuffer
{
    private readonly Action? releaseHostBlock;

    internal DeviceBuffer(MemoryBuffer memory, long capacity, Action? releaseHostBlock = null)
    {
        Memory = memory;
        Capacity = capacity;
        this.releaseHostBlock = releaseHostBlock;
    }

    /// <summary>The ILGPU buffer.</summary>
    public MemoryBuffer Memory { get; }

    /// <summary>Bytes that this block can hold; at least what was asked for.</summary>
    public long Capacity { get; }

    /// <summary>Address of the first byte (a host address on the CPU, a device address elsewhere).</summary>
    public nint Pointer => Memory.NativePtr;

    /// <summary>What the block is set apart for, if anything.</summary>
    internal MemoryReserve? Reserve { get; set; }

    internal void Free()
    {
        Memory.Dispose();
        releaseHostBlock?.Invoke();
    }
}
