using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>Captured graphs and the memory that they read and write.</summary>
/// <param name="graphs">The packing of weights, then one per part.</param>
/// <param name="packing">Owns the packed weights.</param>
/// <param name="memory">Everything else that the parts allocate.</param>
/// <param name="launches">Kernels in all graphs.</param>
/// <param name="workspaceBytes">See <see cref="WorkspaceBytes"/>.</param>
/// <param name="kernels">Knows the stream.</param>
internal sealed class CudaRecording(
    IReadOnlyList<ICudaGraph> graphs,
    WeightPacking packing,
    MemoryReserve memory,
    int launches,
    long workspaceBytes,
    KernelLibrary kernels
) : IRecording
{
    public int Launches => launches;

    public long PeakBytes => memory.PeakBytes;

    public long WorkspaceBytes => workspaceBytes;

    public long PackedBytes => packing.Bytes;

    public void Run(int part)
    {
        if (part == 0)
            graphs[0].Launch(kernels.Stream);
        graphs[part + 1].Launch(kernels.Stream);
    }

    public void Dispose()
    {
        foreach (ICudaGraph graph in graphs)
            graph.Dispose();
        packing.Dispose();
        memory.Dispose();
    }
}
