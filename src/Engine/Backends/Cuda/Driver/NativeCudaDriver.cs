using System.Runtime.InteropServices;
using System.Text;

namespace UnpairedSegEngine.Backends.Cuda.Driver;

/// <summary>The CUDA driver through our own bindings, in the context that is current on the calling thread (ILGPU's).</summary>
public sealed unsafe class NativeCudaDriver : ICudaDriver
{
    private const int LogBytes = 8192;

    private readonly CudaApi api;
    private nint? capturing;

    /// <summary>Binds to the installed driver, in ILGPU's context.</summary>
    /// <param name="deviceIndex">Number of the device that the current context belongs to.</param>
    /// <exception cref="CudaException">There is no driver, it is too old, or there is no device.</exception>
    public NativeCudaDriver(int deviceIndex = 0)
        : this(new CudaApi(), deviceIndex)
    {
    }

    internal NativeCudaDriver(CudaApi api, int deviceIndex)
    {
        this.api = api;
        Properties = api.PropertiesOf(deviceIndex);
    }

    public string Description => $"driver api {CudaApi.Text(api.Version)}";

    public CudaDeviceProperties Properties { get; }

    public ICudaModule LoadModule(ReadOnlySpan<byte> image, string name)
    {
        if (image.IsEmpty)
            throw new CudaException($"the kernel image of {name} is empty; build or compile the kernels again (unpairedseg kernels)");
        const int LogBuffer = 5, LogBufferBytes = 6;
        byte[] log = new byte[LogBytes];
        // PTX is text and must end with a zero; binary images know their length, and do not mind.
        byte[] terminated = [.. image, 0];
        nint module;
        int code;
        fixed (byte* data = terminated, text = log)
        {
            int* options = stackalloc int[] { LogBuffer, LogBufferBytes };
            void** values = stackalloc void*[] { text, (void*)LogBytes };
            code = api.ModuleLoadDataEx(&module, data, 2, options, values);
        }

        if (code == CudaResult.Success)
            return new Module(api, module, name);
        string firstLine = Encoding.UTF8.GetString(log).TrimEnd('\0').Split('\n')[0].Trim();
        throw api.Failure(code, $"load the kernel image of {name} on {Properties.Name} of compute capability {Properties.Capability / 10}.{Properties.Capability % 10}{(firstLine.Length > 0 ? $" ({firstLine})" : "")}");
    }

    public void Launch(ICudaFunction function, in LaunchGeometry geometry, nint stream, void* parameters)
    {
        void* block = parameters;
        int code = api.LaunchKernel(
            ((Function)function).Handle, (uint)geometry.GridX, (uint)geometry.GridY, (uint)geometry.GridZ, (uint)geometry.Threads, 1, 1, (uint)geometry.SharedBytes, stream, &block, null);
        if (code != CudaResult.Success)
        {
            throw api.Failure(
                code, $"launch {function.Name} with {geometry.GridX} x {geometry.GridY} x {geometry.GridZ} blocks of {geometry.Threads} threads and {geometry.SharedBytes} bytes of shared memory");
        }
    }

    public nint CreateStream()
    {
        const uint NonBlocking = 1;
        nint stream;
        api.Check(api.StreamCreate(&stream, NonBlocking), "create a stream");
        return stream;
    }

    public void DestroyStream(nint stream) => api.Check(api.StreamDestroy(stream), "destroy a stream");

    public void Synchronize(nint stream) => api.Check(api.StreamSynchronize(stream), "finish the work on the GPU");

    public void Wait(nint stream, ICudaEvent until) => api.Check(api.StreamWaitEvent(stream, ((Event)until).Handle, 0), "wait for an event");

    public nint AllocateHost(long bytes)
    {
        nint memory;
        api.Check(api.MemAllocHost(&memory, (nuint)bytes), $"allocate {bytes} bytes of page-locked host memory");
        return memory;
    }

    public void FreeHost(nint memory) => api.Check(api.MemFreeHost(memory), "free page-locked host memory");

    public void CopyAsync(nint target, nint source, long bytes, nint stream) => api.Check(api.MemcpyAsync(target, source, (nuint)bytes, stream), $"copy {bytes} bytes");

    public void SetAsync(nint target, byte value, long bytes, nint stream) => api.Check(api.MemsetD8Async(target, value, (nuint)bytes, stream), $"set {bytes} bytes");

    public ICudaEvent CreateEvent() => new Event(this);

    public void BeginCapture(nint stream)
    {
        // Allocations in between are no part of the graph, and allowed.
        const int Relaxed = 2;
        api.Check(api.StreamBeginCapture(stream, Relaxed), "begin to capture a stream");
        capturing = stream;
    }

    public ICudaGraph EndCapture(nint stream)
    {
        nint graph, executable;
        capturing = null;
        api.Check(api.StreamEndCapture(stream, &graph), "end the capture of a stream");
        int code = api.GraphInstantiate(&executable, graph, 0);
        _ = api.GraphDestroy(graph);
        api.Check(code, "instantiate a graph");
        return new Graph(api, executable);
    }

    public void Dispose()
    {
    }

    private sealed class Module(CudaApi api, nint module, string name) : ICudaModule
    {
        private nint module = module;

        public ICudaFunction GetFunction(string kernel)
        {
            nint function;
            fixed (byte* text = Encoding.UTF8.GetBytes(kernel + '\0'))
                api.Check(api.ModuleGetFunction(&function, module, text), $"find kernel {kernel} in the image of {name}");
            return new Function(api, function, kernel);
        }

        public void Dispose()
        {
            if (module != 0)
                _ = api.ModuleUnload(module);
            module = 0;
        }
    }

    private sealed class Function(CudaApi api, nint function, string name) : ICudaFunction
    {
        private const int SharedBytes = 1, LocalMemoryBytes = 3, RegisterCount = 4, MaxDynamicSharedBytes = 8;

        public string Name => name;

        public nint Handle => function;

        public int Registers => Attribute(RegisterCount);

        public int StaticSharedBytes => Attribute(SharedBytes);

        public int LocalBytes => Attribute(LocalMemoryBytes);

        public void AllowDynamicShared(int bytes)
            => api.Check(api.FuncSetAttribute(function, MaxDynamicSharedBytes, bytes), $"allow {name} {bytes} bytes of shared memory");

        private int Attribute(int attribute)
        {
            int value;
            api.Check(api.FuncGetAttribute(&value, attribute, function), $"ask for a property of {name}");
            return value;
        }
    }

    private sealed class Event : ICudaEvent
    {
        private readonly NativeCudaDriver driver;
        private readonly CudaApi api;

        public Event(NativeCudaDriver driver)
        {
            (this.driver, api) = (driver, driver.api);
            nint created;
            api.Check(api.EventCreate(&created, 0), "create an event");
            Handle = created;
        }

        public nint Handle { get; private set; }

        public void Record(nint stream)
        {
            const uint IntoGraph = 1;
            api.Check(api.EventRecord(Handle, stream, stream == driver.capturing ? IntoGraph : 0), "record an event");
        }

        public void Synchronize() => api.Check(api.EventSynchronize(Handle), "wait for an event");

        public double MillisecondsSince(ICudaEvent start)
        {
            float milliseconds;
            api.Check(api.EventElapsedTime(&milliseconds, ((Event)start).Handle, Handle), "ask for the time between two events");
            return milliseconds;
        }

        public void Dispose()
        {
            if (Handle != 0)
                _ = api.EventDestroy(Handle);
            Handle = 0;
        }
    }

    private sealed class Graph(CudaApi api, nint executable) : ICudaGraph
    {
        private nint executable = executable;

        public void Launch(nint stream) => api.Check(api.GraphLaunch(executable, stream), "start a graph");

        public void Dispose()
        {
            if (executable != 0)
                _ = api.GraphExecDestroy(executable);
            executable = 0;
        }
    }
}
