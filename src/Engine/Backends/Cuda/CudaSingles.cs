using UnpairedSegEngine.Backends.Cuda.Graphs;
using UnpairedSegEngine.Backends.Ilgpu;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Backends.Cuda;

/// <summary>
/// The float32 operations with the hand-written kernels of kernels/, one file per operation; what is not overridden runs as ILGPU
/// kernel on the same stream.
/// Arguments have been checked by <see cref="CheckedBackend"/>.
/// </summary>
internal sealed partial class CudaSingles(
    Device device,
    KernelLibrary kernels,
    ConvolutionPrecision precision,
    CudaRecorder recorder,
    Workspace workspace
) : TypedIlgpuBackend<float, SingleElement>(device)
{
    public override string Description => $"cuda kernels, convolutions in {precision.ToString().ToLowerInvariant()}";

    internal override bool TakesBFloat16 => true;

    public override void Dispose()
    {
        base.Dispose();
        kernels.Dispose();
    }

    private Scratch Rent(long bytes) => workspace.Rent(bytes);
}
