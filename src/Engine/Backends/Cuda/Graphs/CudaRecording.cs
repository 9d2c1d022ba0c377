using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>Captured graphs and the memory that they read and write.</summary>
/// <param name="graphs">One per part.</param>
/// <param name="preparingGraphs">What precedes a part, by part.</param>
/// <param name="preparations">Own what those graphs fill.</param>
/// <param name="memory">Everything else that the parts allocate.</param>
/// <param name="launches">Kernels in all graphs.</param>
/// <param name="workspaceBytes">See <see cref="WorkspaceBytes"/>.</param>
/// <param name="rates">Rates that the recorded updates read.</param>
/// <param name="recorder">Knows how many it was given.</param>
/// <param name="kernels">Knows the stream.</param>
internal sealed class CudaRecording(
    IReadOnlyList<ICudaGraph> graphs,
    IReadOnlyDictionary<int, ICudaGraph> preparingGraphs,
    IReadOnlyList<IPreparation> preparations,
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

    public long PreparedBytes => preparations.Sum(preparation => preparation.Bytes);

    public void Run(int part)
    {
        if (recorder.Rates < rates)
            throw new InvalidOperationException(
                $"recorded updates read the rates of {rates} slots, but the recorder was given {recorder.Rates}: set them first"
            );
        if (preparingGraphs.TryGetValue(part, out ICudaGraph? preparing))
            preparing.Launch(kernels.Stream);
        graphs[part].Launch(kernels.Stream);
    }

    public void Dispose()
    {
        foreach (ICudaGraph graph in graphs.Concat(preparingGraphs.Values))
            graph.Dispose();
        foreach (IPreparation preparation in preparations)
            preparation.Dispose();
        memory.Dispose();
    }
}
