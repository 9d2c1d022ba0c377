using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace UnpairedSegEngine.Devices;

/// <summary>
/// One block of device memory lent by a <see cref="MemoryPool"/>. The ILGPU buffer below it gives views to kernels; on the CPU
/// its pointer is plain host memory.
/// </summary>
public sealed class DeviceBuffer
{
    private readonly CPUAccelerator? host;
    private MemoryBuffer? memory;

    /// <summary>A block of device memory that ILGPU allocated.</summary>
    internal DeviceBuffer(MemoryBuffer memory, long capacity) =>
        (this.memory, Capacity, Pointer) = (memory, capacity, memory.NativePtr);

    /// <summary>A block of host memory, which somebody else frees.</summary>
    internal DeviceBuffer(nint pointer, long capacity, CPUAccelerator host) =>
        (Pointer, Capacity, this.host) = (pointer, capacity, host);

    /// <summary>An address without memory.</summary>
    internal DeviceBuffer(nint address, long capacity) => (Pointer, Capacity) = (address, capacity);

    /// <summary>The ILGPU buffer.</summary>
    /// <exception cref="InvalidOperationException">The device has no memory.</exception>
    public MemoryBuffer Memory =>
        memory ??= CPUMemoryBuffer.Create(host ?? throw NoMemory.Refusal(), Pointer, Capacity, sizeof(byte));

    /// <summary>Bytes that this block can hold; at least what was asked for.</summary>
    public long Capacity { get; }

    /// <summary>Address of the first byte (a host address on the CPU, a device address elsewhere).</summary>
    public nint Pointer { get; }

    /// <summary>What the block is set apart for, if anything.</summary>
    internal MemoryReserve? Reserve { get; set; }

    /// <summary>Gives up the ILGPU buffer, with its device memory.</summary>
    internal void Free() => memory?.Dispose();
}
