using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>Captured graphs, one per part, and the memory that they read and write.</summary>
internal sealed class CudaRecording(IReadOnlyList<ICudaGraph> graphs, MemoryReserve memory, int launches, long workspaceBytes, KernelLibrary kernels) : IRecording
{
    public int Launches => launches;

    public long PeakBytes => memory.PeakBytes;

    public long WorkspaceBytes => workspaceBytes;

    public void Run(int part) => graphs[part].Launch(kernels.Stream);

    public void Dispose()
    {
        foreach (ICudaGraph graph in graphs)
            graph.Dispose();
        memory.Dispose();
    }
}
