using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Segmentation.Tests.Benchmarks;

/// <summary>
/// Hands everything to another driver and lists what its graphs launch when they are replayed, and what is copied to the host.
/// </summary>
internal sealed class WatchedCudaDriver(ICudaDriver inner) : ICudaDriver
{
    private readonly HashSet<nint> hostMemory = [];
    private List<(string Kernel, LaunchGeometry Geometry)> captured = [];
    private int replays;

    /// <summary>In order.</summary>
    public List<(string Kernel, LaunchGeometry Geometry)> Replayed { get; } = [];

    /// <summary>Copied to page-locked memory.</summary>
    public long BytesToHost { get; private set; }

    /// <summary>Is told the number of the replay that was started, from 1 since this was set.</summary>
    public Action<int>? WhenReplayed
    {
        private get;
        set => (field, replays) = (value, 0);
    }

    public string Description => inner.Description;

    public CudaDeviceProperties Properties => inner.Properties;

    public ICudaModule LoadModule(ReadOnlySpan<byte> image, string name) => inner.LoadModule(image, name);

    public void Launch<TParameters>(ICudaFunction function, in LaunchGeometry geometry, nint stream, in TParameters parameters)
        where TParameters : unmanaged
    {
        inner.Launch(function, geometry, stream, parameters);
        captured.Add((function.Name, geometry));
    }

    public nint CreateStream() => inner.CreateStream();

    public void DestroyStream(nint stream) => inner.DestroyStream(stream);

    public void Synchronize(nint stream) => inner.Synchronize(stream);

    public void Wait(nint stream, ICudaEvent until) => inner.Wait(stream, until);

    public nint AllocateHost(long bytes)
    {
        nint memory = inner.AllocateHost(bytes);
        hostMemory.Add(memory);
        return memory;
    }

    public void FreeHost(nint memory)
    {
        hostMemory.Remove(memory);
        inner.FreeHost(memory);
    }

    public void CopyAsync(nint target, nint source, long bytes, nint stream)
    {
        BytesToHost += hostMemory.Contains(target) ? bytes : 0;
        inner.CopyAsync(target, source, bytes, stream);
    }

    public void SetAsync(nint target, byte value, long bytes, nint stream) => inner.SetAsync(target, value, bytes, stream);

    public ICudaEvent CreateEvent() => inner.CreateEvent();

    public void BeginCapture(nint stream)
    {
        captured = [];
        inner.BeginCapture(stream);
    }

    public ICudaGraph EndCapture(nint stream) => new Graph(this, captured, inner.EndCapture(stream));

    public void Dispose() => inner.Dispose();

    private sealed class Graph(
        WatchedCudaDriver driver,
        List<(string Kernel, LaunchGeometry Geometry)> launches,
        ICudaGraph graph
    ) : ICudaGraph
    {
        public void Launch(nint stream)
        {
            driver.Replayed.AddRange(launches);
            graph.Launch(stream);
            driver.WhenReplayed?.Invoke(++driver.replays);
        }

        public void Dispose() => graph.Dispose();
    }
}
