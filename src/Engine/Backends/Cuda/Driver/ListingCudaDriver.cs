using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Backends.Cuda.Driver;

/// <summary>A kernel that was started.</summary>
/// <param name="Kernel">Its name.</param>
/// <param name="Geometry">Grid, block and dynamic shared memory.</param>
/// <param name="Parameters">The block of parameters, of the struct that the launch code fills.</param>
internal sealed record KernelLaunch(string Kernel, LaunchGeometry Geometry, object Parameters)
{
    /// <summary>Whether it is of the second branch of a graph.</summary>
    public bool IsAside { get; init; }

    /// <summary>Numbers of the launches that it directly follows, in the list that it is in.</summary>
    public IReadOnlyList<int> After { get; init; } = [];
}

/// <summary>Bytes that were copied between device addresses, or from the host.</summary>
/// <param name="Target">Address.</param>
/// <param name="Source">Address.</param>
/// <param name="Bytes">How many.</param>
/// <param name="Stream">In which order.</param>
internal readonly record struct MemoryCopy(nint Target, nint Source, long Bytes, nint Stream);

/// <summary>
/// A GPU that runs nothing and lists what it is given: launches and copies, those of captured graphs each time they are replayed.
/// For <see cref="Devices.Device.OpenWithoutMemory"/>; host memory is real.
/// </summary>
/// <param name="properties">Of the GPU that it stands for.</param>
internal sealed unsafe class ListingCudaDriver(CudaDeviceProperties properties) : ICudaDriver
{
    private readonly List<KernelLaunch> launches = [];
    private readonly List<MemoryCopy> copies = [];
    private StreamCapture<KernelLaunch>? capture;
    private nint streams;

    /// <summary>In order.</summary>
    public IReadOnlyList<KernelLaunch> Launches => launches;

    /// <summary>In order.</summary>
    public IReadOnlyList<MemoryCopy> Copies => copies;

    /// <summary>How many graphs were started.</summary>
    public int Graphs { get; private set; }

    public string Description => "listing";

    public CudaDeviceProperties Properties => properties;

    /// <summary>Forgets what was listed.</summary>
    public void Restart()
    {
        launches.Clear();
        copies.Clear();
        Graphs = 0;
    }

    public ICudaModule LoadModule(ReadOnlySpan<byte> image, string name) => new Module();

    public void Launch<TParameters>(ICudaFunction function, in LaunchGeometry geometry, nint stream, in TParameters parameters)
        where TParameters : unmanaged
    {
        var launch = new KernelLaunch(function.Name, geometry, parameters);
        if (capture?.Has(stream) == true)
            capture.Add(stream, launch);
        else
            List([new CapturedPiece<KernelLaunch>(launch, IsAside: false, [])]);
    }

    public nint CreateStream() => ++streams;

    public void DestroyStream(nint stream) { }

    public void Synchronize(nint stream) { }

    public void Wait(nint stream, ICudaEvent until)
    {
        if (((Event)until).Point is { } point && point.Capture == capture)
            capture.Wait(stream, point);
    }

    public nint AllocateHost(long bytes) => (nint)NativeMemory.Alloc((nuint)bytes);

    public void FreeHost(nint memory) => NativeMemory.Free((void*)memory);

    public void CopyAsync(nint target, nint source, long bytes, nint stream) =>
        copies.Add(new MemoryCopy(target, source, bytes, stream));

    public void SetAsync(nint target, byte value, long bytes, nint stream) { }

    public ICudaEvent CreateEvent() => new Event(this);

    public void BeginCapture(nint stream) => capture = new StreamCapture<KernelLaunch>(stream);

    public ICudaGraph EndCapture(nint stream)
    {
        StreamCapture<KernelLaunch> ended = capture ?? throw new CudaException("the stream is not being captured");
        capture = null;
        return new Graph(this, ended.End());
    }

    public void Dispose() { }

    /// <summary>Adds work that begins when all of the list has ended.</summary>
    private void List(IReadOnlyList<CapturedPiece<KernelLaunch>> work)
    {
        int first = launches.Count;
        int[] before = [.. Enumerable.Range(0, first).Except(launches.SelectMany(launch => launch.After))];
        launches.AddRange(
            work.Select(piece =>
                piece.Item with
                {
                    IsAside = piece.IsAside,
                    After = piece.After.Count > 0 ? [.. piece.After.Select(number => first + number)] : before,
                }
            )
        );
    }

    private sealed class Module : ICudaModule
    {
        public ICudaFunction GetFunction(string name) => new Function(name);

        public void Dispose() { }
    }

    private sealed class Function(string name) : ICudaFunction
    {
        public string Name => name;

        public int Registers => 0;

        public int StaticSharedBytes => 0;

        public int LocalBytes => 0;

        public void AllowDynamicShared(int bytes) { }
    }

    private sealed class Event(ListingCudaDriver driver) : ICudaEvent
    {
        public StreamCapture<KernelLaunch>.CapturedPoint? Point { get; private set; }

        public void Record(nint stream) { }

        public void Mark(nint stream) =>
            Point = driver.capture is { } capture && capture.Has(stream) ? capture.PointOf(stream) : null;

        public void Synchronize() { }

        public double MillisecondsSince(ICudaEvent start) => 0;

        public void Dispose() { }
    }

    private sealed class Graph(ListingCudaDriver driver, IReadOnlyList<CapturedPiece<KernelLaunch>> work) : ICudaGraph
    {
        public void Launch(nint stream)
        {
            driver.List(work);
            driver.Graphs++;
        }

        public void Dispose() { }
    }
}
