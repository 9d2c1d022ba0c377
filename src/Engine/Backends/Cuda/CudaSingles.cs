using UnpairedSegEngine.Backends.Ilgpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

/// <summary>
/// The float32 operations with the hand-written kernels of kernels/, one file per operation; what is not overridden runs as ILGPU kernel on the same stream.
/// Arguments have been checked by <see cref="CheckedBackend"/>.
/// </summary>
internal sealed partial class CudaSingles(Device device, KernelLibrary kernels, ConvolutionPrecision precision) : TypedIlgpuBackend<float, SingleElement>(device)
{
    public override string Description => $"cuda kernels, convolutions in {precision.ToString().ToLowerInvariant()}";

    public override void Dispose()
    {
        base.Dispose();
        kernels.Dispose();
    }

    /// <summary>Device memory for one operation. Work of one stream runs in order, so it may be lent again as soon as the launches that use it were made.</summary>
    private Scratch Rent(long bytes) => new(Device.Pool, bytes);

    private readonly struct Scratch(MemoryPool pool, long bytes) : IDisposable
    {
        private readonly DeviceBuffer buffer = pool.Rent(bytes);

        public nint Pointer => buffer.Pointer;

        public void Dispose() => pool.Return(buffer);
    }
}
