using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>Captured graphs and the memory that they read and write.</summary>
/// <param name="graphs">One per part.</param>
/// <param name="packingGraphs">The packings of weights that precede a part, by part.</param>
/// <param name="packing">Owns the packed weights.</param>
/// <param name="memory">Everything else that the parts allocate.</param>
/// <param name="launches">Kernels in all graphs.</param>
/// <param name="workspaceBytes">See <see cref="WorkspaceBytes"/>.</param>
/// <param name="rates">Rates that the recorded updates read.</param>
/// <param name="recorder">Knows how many it was given.</param>
/// <param name="kernels">Knows the stream.</param>
internal sealed class CudaRecording(
    IReadOnlyList<ICudaGraph> graphs,
    IReadOnlyDictionary<int, ICudaGraph> packingGraphs,
    WeightPacking packing,
    MemoryReserve memory,
    int launches,
    long workspaceBytes,
    int rates,
    CudaRecorder recorder,
    KernelLibrary kernels
) : IRecording
{
    public int Launches => launches;

    public long PeakBytes => memory.PeakBytes;

    public long WorkspaceBytes => workspaceBytes;

    public long PackedBytes => packing.Bytes;

    public void Run(int part)
    {
        if (recorder.Rates < rates)
            throw new InvalidOperationException(
                $"recorded updates read the rates of {rates} slots, but the recorder was given {recorder.Rates}: set them first"
            );
        if (packingGraphs.TryGetValue(part, out ICudaGraph? packings))
            packings.Launch(kernels.Stream);
        graphs[part].Launch(kernels.Stream);
    }

    public void Dispose()
    {
        foreach (ICudaGraph graph in graphs.Concat(packingGraphs.Values))
            graph.Dispose();
        packing.Dispose();
        memory.Dispose();
    }
}
