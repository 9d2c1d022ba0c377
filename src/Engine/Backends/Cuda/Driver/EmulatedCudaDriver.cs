using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace UnpairedSegEngine.Backends.Cuda.Driver;

/// <summary>
/// CUDA on the host: the kernels of kernels/, compiled unchanged by a C++ compiler, run on fibers with every barrier, warp
/// operation and asynchronous copy emulated
/// (kernels/emulation). Device memory is host memory; work is done when it is launched, or recorded while a stream is captured.
/// Replays of a graph run its second branch as late as the graph's edges allow and as early, in turns, so that a missing edge or
/// a block of memory that is lent again too soon changes results.
/// For tests: about a thousandth of a GPU's speed.
/// </summary>
internal sealed unsafe class EmulatedCudaDriver : ICudaDriver
{
    private const string LibraryName = "libemulated_kernels.so";
    private const int SharedWithoutRequest = 48 * 1024;
    private const int SharedBytesPerBlock = 227 * 1024;

    private static readonly Lazy<Library> Loaded = new(Load);

    private StreamCapture<Action>? capture;
    private nint streams;

    /// <param name="capability">Compute capability that it reports: 90 has Hopper's kernels, 80 those before.</param>
    /// <exception cref="CudaException">The emulated kernels were not built; the message says why and what to do.</exception>
    public EmulatedCudaDriver(int capability = 90)
    {
        if (UnavailableReason is { } reason)
            throw new CudaException(reason);
        Properties = new CudaDeviceProperties("emulated GPU", capability, Environment.ProcessorCount, SharedBytesPerBlock);
    }

    /// <summary>Why no emulated device can be opened here, in one line; null if one can.</summary>
    public static string? UnavailableReason => Loaded.Value.Failure;

    public string Description => "emulated";

    public CudaDeviceProperties Properties { get; }

    /// <summary>Sets the seed of the order in which warps run; results must not depend on it.</summary>
    public static void Configure(int workers, ulong seed) => Loaded.Value.Configure(workers, seed);

    public ICudaModule LoadModule(ReadOnlySpan<byte> image, string name) => new Module(name);

    public void Launch<TParameters>(ICudaFunction function, in LaunchGeometry geometry, nint stream, in TParameters parameters)
        where TParameters : unmanaged
    {
        var kernel = (Function)function;
        if (sizeof(TParameters) != kernel.ParameterBytes)
            throw new CudaException(
                $"kernel {kernel.Name} takes {kernel.ParameterBytes} bytes of parameters, but was given {sizeof(TParameters)}"
            );
        if (geometry.SharedBytes > Math.Max(SharedWithoutRequest, kernel.AllowedShared))
            throw new CudaException(
                $"kernel {kernel.Name} asks for {geometry.SharedBytes} bytes of shared memory, but "
                    + $"{Math.Max(SharedWithoutRequest, kernel.AllowedShared)} were allowed"
            );
        if (capture?.Has(stream) != true)
        {
            Run(kernel, geometry, parameters);
            return;
        }

        // A launch reads its parameters at once, and so does its recording.
        (LaunchGeometry recorded, TParameters block) = (geometry, parameters);
        capture.Add(stream, () => Run(kernel, recorded, block));
    }

    public nint CreateStream() => ++streams;

    public void DestroyStream(nint stream) { }

    public void Synchronize(nint stream)
    {
        if (capture?.Has(stream) == true)
            throw new CudaException("a stream cannot be waited for while it is captured");
    }

    public void Wait(nint stream, ICudaEvent until)
    {
        if (((Event)until).Point is { } point && point.Capture == capture)
            capture.Wait(stream, point);
        else if (capture?.Has(stream) == true)
            throw new CudaException("captured work waits for a point that is not captured");
    }

    public nint AllocateHost(long bytes) => (nint)NativeMemory.Alloc((nuint)bytes);

    public void FreeHost(nint memory) => NativeMemory.Free((void*)memory);

    public void CopyAsync(nint target, nint source, long bytes, nint stream) =>
        Do(stream, () => Buffer.MemoryCopy((void*)source, (void*)target, bytes, bytes));

    public void SetAsync(nint target, byte value, long bytes, nint stream) =>
        Do(stream, () => NativeMemory.Fill((void*)target, (nuint)bytes, value));

    public ICudaEvent CreateEvent() => new Event(this);

    public void BeginCapture(nint stream)
    {
        if (capture is not null)
            throw new CudaException("the stream is being captured already");
        capture = new StreamCapture<Action>(stream);
    }

    public ICudaGraph EndCapture(nint stream)
    {
        StreamCapture<Action> ended = capture ?? throw new CudaException("the stream is not being captured");
        capture = null;
        return new Graph(ended.End());
    }

    public void Dispose() { }

    private static void Run<TParameters>(Function kernel, in LaunchGeometry geometry, in TParameters parameters)
        where TParameters : unmanaged
    {
        int code;
        fixed (TParameters* block = &parameters)
            code = Loaded.Value.Launch(
                kernel.Handle,
                geometry.GridX,
                geometry.GridY,
                geometry.GridZ,
                geometry.Threads,
                (nuint)geometry.SharedBytes,
                block
            );
        if (code != 0)
            throw new CudaException(Marshal.PtrToStringUTF8(Loaded.Value.LastError()) ?? $"kernel {kernel.Name} failed");
    }

    private static Library Load()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "kernels");
        string path = Path.Combine(folder, LibraryName),
            reasonFile = Path.Combine(folder, "emulation-not-built.txt");
        if (!File.Exists(path))
        {
            string reason = File.Exists(reasonFile) ? File.ReadAllText(reasonFile).Trim() : $"{path} does not exist";
            return new Library
            {
                Failure = $"the emulated kernels were not built ({reason}); install CMake and a C++17 compiler and build again",
            };
        }

        if (!NativeLibrary.TryLoad(path, out nint library))
            return new Library { Failure = $"{path} cannot be loaded: it was built for another machine; build again" };
        return new Library
        {
            FindKernel = (delegate* unmanaged<byte*, nint>)NativeLibrary.GetExport(library, "emulation_find_kernel"),
            ParameterBytes = (delegate* unmanaged<nint, nuint>)NativeLibrary.GetExport(library, "emulation_parameter_bytes"),
            Launch = (delegate* unmanaged<nint, int, int, int, int, nuint, void*, int>)
                NativeLibrary.GetExport(library, "emulation_launch"),
            LastError = (delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "emulation_last_error"),
            Configure = (delegate* unmanaged<int, ulong, void>)NativeLibrary.GetExport(library, "emulation_configure"),
        };
    }

    private void Do(nint stream, Action work)
    {
        if (capture?.Has(stream) == true)
            capture.Add(stream, work);
        else
            work();
    }

    /// <summary>The functions of kernels/emulation/library.h.</summary>
    private sealed class Library
    {
        public string? Failure { get; init; }

        public delegate* unmanaged<byte*, nint> FindKernel { get; init; }

        public delegate* unmanaged<nint, nuint> ParameterBytes { get; init; }

        public delegate* unmanaged<nint, int, int, int, int, nuint, void*, int> Launch { get; init; }

        public delegate* unmanaged<nint> LastError { get; init; }

        public delegate* unmanaged<int, ulong, void> Configure { get; init; }
    }

    private sealed class Module(string module) : ICudaModule
    {
        public ICudaFunction GetFunction(string name)
        {
            nint kernel;
            fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
                kernel = Loaded.Value.FindKernel(text);
            return kernel != 0 ? new Function(name, kernel) : throw new CudaException($"{module} has no kernel {name}");
        }

        public void Dispose() { }
    }

    private sealed class Function(string name, nint kernel) : ICudaFunction
    {
        public string Name => name;

        public nint Handle => kernel;

        public int ParameterBytes { get; } = (int)Loaded.Value.ParameterBytes(kernel);

        public int AllowedShared { get; private set; }

        public int Registers => 0;

        public int StaticSharedBytes => 0;

        public int LocalBytes => 0;

        public void AllowDynamicShared(int bytes) => AllowedShared = bytes;
    }

    private sealed class Event(EmulatedCudaDriver driver) : ICudaEvent
    {
        private long recorded;

        public StreamCapture<Action>.CapturedPoint? Point { get; private set; }

        public void Record(nint stream) => driver.Do(stream, () => recorded = Stopwatch.GetTimestamp());

        public void Mark(nint stream) =>
            Point = driver.capture is { } capture && capture.Has(stream) ? capture.PointOf(stream) : null;

        public void Synchronize() { }

        public double MillisecondsSince(ICudaEvent start) =>
            Stopwatch.GetElapsedTime(((Event)start).recorded, recorded).TotalMilliseconds;

        public void Dispose() { }
    }

    private sealed class Graph(IReadOnlyList<CapturedPiece<Action>> work) : ICudaGraph
    {
        private int replays;

        public void Launch(nint stream)
        {
            foreach (Action item in StreamCapture<Action>.Ordered(work, asideFirst: replays++ % 2 == 1))
                item();
        }

        public void Dispose() { }
    }
}
