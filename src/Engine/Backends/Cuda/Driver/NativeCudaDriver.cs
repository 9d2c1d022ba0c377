using System.Runtime.InteropServices;
using System.Text;

namespace UnpairedSegEngine.Backends.Cuda.Driver;

/// <summary>The CUDA driver through our own bindings, in one device's context (ILGPU's).</summary>
internal sealed unsafe class NativeCudaDriver : ICudaDriver
{
    private const int LogBytes = 8192;

    private readonly CudaApi bindings;
    private readonly Action bindContext;
    private nint? capturing;

    /// <param name="bindings">Of the driver's library.</param>
    /// <param name="deviceIndex">Number of the device that the context belongs to.</param>
    /// <param name="bindContext">Makes the context current on the calling thread; called before every call of the driver, so it
    /// must be cheap where it is current already.</param>
    public NativeCudaDriver(CudaApi bindings, int deviceIndex, Action bindContext)
    {
        (this.bindings, this.bindContext) = (bindings, bindContext);
        Properties = bindings.PropertiesOf(deviceIndex);
    }

    public string Description => $"driver api {CudaApi.Text(bindings.Version)}";

    public CudaDeviceProperties Properties { get; }

    /// <summary>
    /// The bindings, for the next call: our context is current now. Another device's work on this thread may have bound its own,
    /// even a CPU accelerator's, which unbinds ours;
    /// and a new thread has none.
    /// </summary>
    private CudaApi Api
    {
        get
        {
            bindContext();
            return bindings;
        }
    }

    public ICudaModule LoadModule(ReadOnlySpan<byte> image, string name)
    {
        if (image.IsEmpty)
            throw new CudaException(
                $"the kernel image of {name} is empty; build or compile the kernels again (unpairedseg kernels)"
            );
        const int LogBuffer = 5,
            LogBufferBytes = 6;
        byte[] log = new byte[LogBytes];
        // PTX is text and must end with a zero; binary images know their length, and do not mind.
        byte[] terminated = [.. image, 0];
        nint module;
        int code;
        fixed (
            byte* data = terminated,
                text = log
        )
        {
            int* options = stackalloc int[] { LogBuffer, LogBufferBytes };
            void** values = stackalloc void*[] { text, (void*)LogBytes };
            code = Api.ModuleLoadDataEx(&module, data, 2, options, values);
        }

        if (code == CudaResult.Success)
            return new Module(this, module, name);
        string firstLine = Encoding.UTF8.GetString(log).TrimEnd('\0').Split('\n')[0].Trim();
        throw bindings.Failure(
            code,
            $"load the kernel image of {name} on {Properties.Name} of compute capability "
                + $"{Properties.Capability / 10}.{Properties.Capability % 10}{(firstLine.Length > 0 ? $" ({firstLine})" : "")}"
        );
    }

    public void Launch<TParameters>(ICudaFunction function, in LaunchGeometry geometry, nint stream, in TParameters parameters)
        where TParameters : unmanaged
    {
        int code;
        fixed (TParameters* pinned = &parameters)
        {
            void* block = pinned;
            code = Api.LaunchKernel(
                ((Function)function).Handle,
                (uint)geometry.GridX,
                (uint)geometry.GridY,
                (uint)geometry.GridZ,
                (uint)geometry.Threads,
                1,
                1,
                (uint)geometry.SharedBytes,
                stream,
                &block,
                null
            );
        }

        if (code != CudaResult.Success)
        {
            throw bindings.Failure(
                code,
                $"launch {function.Name} with {geometry.GridX} x {geometry.GridY} x {geometry.GridZ} blocks of "
                    + $"{geometry.Threads} threads and {geometry.SharedBytes} bytes of shared memory"
            );
        }
    }

    public nint CreateStream()
    {
        const uint NonBlocking = 1;
        nint stream;
        bindings.Check(Api.StreamCreate(&stream, NonBlocking), "create a stream");
        return stream;
    }

    public void DestroyStream(nint stream) => bindings.Check(Api.StreamDestroy(stream), "destroy a stream");

    public void Synchronize(nint stream) => bindings.Check(Api.StreamSynchronize(stream), "finish the work on the GPU");

    public void Wait(nint stream, ICudaEvent until) =>
        bindings.Check(Api.StreamWaitEvent(stream, ((Event)until).Handle, 0), "wait for an event");

    public nint AllocateHost(long bytes)
    {
        nint memory;
        bindings.Check(Api.MemAllocHost(&memory, (nuint)bytes), $"allocate {bytes} bytes of page-locked host memory");
        return memory;
    }

    public void FreeHost(nint memory) => bindings.Check(Api.MemFreeHost(memory), "free page-locked host memory");

    public void CopyAsync(nint target, nint source, long bytes, nint stream) =>
        bindings.Check(Api.MemcpyAsync(target, source, (nuint)bytes, stream), $"copy {bytes} bytes");

    public void SetAsync(nint target, byte value, long bytes, nint stream) =>
        bindings.Check(Api.MemsetD8Async(target, value, (nuint)bytes, stream), $"set {bytes} bytes");

    public ICudaEvent CreateEvent() => new Event(this);

    public void BeginCapture(nint stream)
    {
        // Allocations in between are no part of the graph, and allowed.
        const int Relaxed = 2;
        bindings.Check(Api.StreamBeginCapture(stream, Relaxed), "begin to capture a stream");
        capturing = stream;
    }

    public ICudaGraph EndCapture(nint stream)
    {
        nint graph,
            executable;
        capturing = null;
        bindings.Check(Api.StreamEndCapture(stream, &graph), "end the capture of a stream");
        int code = Api.GraphInstantiate(&executable, graph, 0);
        _ = Api.GraphDestroy(graph);
        bindings.Check(code, "instantiate a graph");
        return new Graph(this, executable);
    }

    public void Dispose() { }

    private sealed class Module(NativeCudaDriver driver, nint module, string name) : ICudaModule
    {
        private nint module = module;

        public ICudaFunction GetFunction(string kernel)
        {
            nint function;
            fixed (byte* text = Encoding.UTF8.GetBytes(kernel + '\0'))
                driver.bindings.Check(
                    driver.Api.ModuleGetFunction(&function, module, text),
                    $"find kernel {kernel} in the image of {name}"
                );
            return new Function(driver, function, kernel);
        }

        public void Dispose()
        {
            if (module != 0)
                _ = driver.Api.ModuleUnload(module);
            module = 0;
        }
    }

    private sealed class Function(NativeCudaDriver driver, nint function, string name) : ICudaFunction
    {
        private const int SharedBytes = 1,
            LocalMemoryBytes = 3,
            RegisterCount = 4,
            MaxDynamicSharedBytes = 8;

        public string Name => name;

        public nint Handle => function;

        public int Registers => Attribute(RegisterCount);

        public int StaticSharedBytes => Attribute(SharedBytes);

        public int LocalBytes => Attribute(LocalMemoryBytes);

        public void AllowDynamicShared(int bytes) =>
            driver.bindings.Check(
                driver.Api.FuncSetAttribute(function, MaxDynamicSharedBytes, bytes),
                $"allow {name} {bytes} bytes of shared memory"
            );

        private int Attribute(int attribute)
        {
            int value;
            driver.bindings.Check(driver.Api.FuncGetAttribute(&value, attribute, function), $"ask for a property of {name}");
            return value;
        }
    }

    private sealed class Event : ICudaEvent
    {
        private readonly NativeCudaDriver driver;

        public Event(NativeCudaDriver driver)
        {
            this.driver = driver;
            nint created;
            driver.bindings.Check(driver.Api.EventCreate(&created, 0), "create an event");
            Handle = created;
        }

        public nint Handle { get; private set; }

        public void Record(nint stream)
        {
            const uint IntoGraph = 1;
            driver.bindings.Check(
                driver.Api.EventRecord(Handle, stream, stream == driver.capturing ? IntoGraph : 0),
                "record an event"
            );
        }

        public void Mark(nint stream) =>
            driver.bindings.Check(driver.Api.EventRecord(Handle, stream, 0), "mark a point in a stream");

        public void Synchronize() => driver.bindings.Check(driver.Api.EventSynchronize(Handle), "wait for an event");

        public double MillisecondsSince(ICudaEvent start)
        {
            float milliseconds;
            driver.bindings.Check(
                driver.Api.EventElapsedTime(&milliseconds, ((Event)start).Handle, Handle),
                "ask for the time between two events"
            );
            return milliseconds;
        }

        public void Dispose()
        {
            if (Handle != 0)
                _ = driver.Api.EventDestroy(Handle);
            Handle = 0;
        }
    }

    private sealed class Graph(NativeCudaDriver driver, nint executable) : ICudaGraph
    {
        private nint executable = executable;

        public void Launch(nint stream) => driver.bindings.Check(driver.Api.GraphLaunch(executable, stream), "start a graph");

        public void Dispose()
        {
            if (executable != 0)
                _ = driver.Api.GraphExecDestroy(executable);
            executable = 0;
        }
    }
}
