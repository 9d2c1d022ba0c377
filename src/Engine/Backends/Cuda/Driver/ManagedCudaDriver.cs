using System.Reflection;
using System.Runtime.Loader;
using ManagedCuda.BasicTypes;
using UnpairedSegEngine.Devices;
using Native = ManagedCuda.DriverAPINativeMethods;

namespace UnpairedSegEngine.Backends.Cuda.Driver;

/// <summary>
/// The CUDA driver through ManagedCuda, in one device's context (ILGPU's). Compiled with <c>-p:UseManagedCuda=true</c> only:
/// ManagedCuda is under the GPLv3 or a commercial licence from version 12 on. Uses its native methods, since CudaKernel boxes
/// every argument of a launch.
/// </summary>
internal sealed unsafe class ManagedCudaDriver : ICudaDriver
{
    private readonly CudaApi api;
    private readonly Action bindContext;
    private readonly IntPtr[] parameterBlock = new IntPtr[1];
    private nint? capturing;

    static ManagedCudaDriver()
    {
        // ManagedCuda asks for libcuda or nvcuda, which a machine with nothing but a driver does not have under these names.
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += static (Assembly _, string name) =>
            name is "libcuda" or "nvcuda" or "cuda" ? DriverLibraries.Cuda : 0;
    }

    /// <param name="api">Our own bindings, for what is asked before a context is used (the driver's version and errors, the
    /// device's properties) and for page-locked memory.</param>
    /// <param name="deviceIndex">Number of the device that the context belongs to.</param>
    /// <param name="bindContext">Makes the context current on the calling thread; called before every call of the driver, so it
    /// must be cheap where it is current already.</param>
    public ManagedCudaDriver(CudaApi api, int deviceIndex, Action bindContext)
    {
        (this.api, this.bindContext) = (api, bindContext);
        Properties = api.PropertiesOf(deviceIndex);
    }

    public string Description =>
        $"ManagedCuda {typeof(CUmodule).Assembly.GetName().Version?.ToString(3)}, driver api {CudaApi.Text(api.Version)}";

    public CudaDeviceProperties Properties { get; }

    public ICudaModule LoadModule(ReadOnlySpan<byte> image, string name)
    {
        if (image.IsEmpty)
            throw new CudaException(
                $"the kernel image of {name} is empty; build or compile the kernels again (unpairedseg kernels)"
            );
        bindContext();
        CUmodule module = default;
        // PTX is text and must end with a zero; binary images know their length, and do not mind.
        CUResult code = Native.ModuleManagement.cuModuleLoadDataEx(ref module, [.. image, 0], 0, [], []);
        Check(
            code,
            $"load the kernel image of {name} on {Properties.Name} of compute capability "
                + $"{Properties.Capability / 10}.{Properties.Capability % 10}"
        );
        return new Module(this, module, name);
    }

    public void Launch<TParameters>(ICudaFunction function, in LaunchGeometry geometry, nint stream, in TParameters parameters)
        where TParameters : unmanaged
    {
        bindContext();
        CUResult code;
        fixed (TParameters* block = &parameters)
        {
            parameterBlock[0] = (IntPtr)block;
            code = Native.Launch.cuLaunchKernel(
                ((Function)function).Handle,
                (uint)geometry.GridX,
                (uint)geometry.GridY,
                (uint)geometry.GridZ,
                (uint)geometry.Threads,
                1,
                1,
                (uint)geometry.SharedBytes,
                StreamOf(stream),
                parameterBlock,
                null
            );
        }

        if (code != CUResult.Success)
            throw api.Failure(
                (int)code,
                $"launch {function.Name} with {geometry.GridX} x {geometry.GridY} x {geometry.GridZ} blocks of "
                    + $"{geometry.Threads} threads and {geometry.SharedBytes} bytes of shared memory"
            );
    }

    public nint CreateStream()
    {
        bindContext();
        CUstream stream = default;
        Check(Native.Streams.cuStreamCreate(ref stream, CUStreamFlags.NonBlocking), "create a stream");
        return stream.Pointer;
    }

    public void DestroyStream(nint stream)
    {
        bindContext();
        Check(Native.Streams.cuStreamDestroy_v2(StreamOf(stream)), "destroy a stream");
    }

    public void Synchronize(nint stream)
    {
        bindContext();
        Check(Native.Streams.cuStreamSynchronize(StreamOf(stream)), "finish the work on the GPU");
    }

    public void Wait(nint stream, ICudaEvent until)
    {
        bindContext();
        Check(Native.Streams.cuStreamWaitEvent(StreamOf(stream), ((Event)until).Handle, 0), "wait for an event");
    }

    public nint AllocateHost(long bytes)
    {
        bindContext();
        nint memory;
        api.Check(api.MemAllocHost(&memory, (nuint)bytes), $"allocate {bytes} bytes of page-locked host memory");
        return memory;
    }

    public void FreeHost(nint memory)
    {
        bindContext();
        api.Check(api.MemFreeHost(memory), "free page-locked host memory");
    }

    public void CopyAsync(nint target, nint source, long bytes, nint stream)
    {
        bindContext();
        Check(
            Native.AsynchronousMemcpy_v2.cuMemcpyAsync(new CUdeviceptr(target), new CUdeviceptr(source), bytes, StreamOf(stream)),
            $"copy {bytes} bytes"
        );
    }

    public void SetAsync(nint target, byte value, long bytes, nint stream)
    {
        bindContext();
        Check(Native.MemsetAsync.cuMemsetD8Async(new CUdeviceptr(target), value, bytes, StreamOf(stream)), $"set {bytes} bytes");
    }

    public ICudaEvent CreateEvent() => new Event(this);

    /// <summary>Relaxed: allocations in between are no part of the graph, and allowed.</summary>
    public void BeginCapture(nint stream)
    {
        bindContext();
        Check(Native.Streams.cuStreamBeginCapture(StreamOf(stream), CUstreamCaptureMode.Relaxed), "begin to capture a stream");
        capturing = stream;
    }

    public ICudaGraph EndCapture(nint stream)
    {
        bindContext();
        capturing = null;
        CUgraph graph = default;
        CUgraphExec executable = default;
        Check(Native.Streams.cuStreamEndCapture(StreamOf(stream), ref graph), "end the capture of a stream");
        CUResult code = Native.GraphManagment.cuGraphInstantiate(ref executable, graph, CUgraphInstantiate_flags.None);
        _ = Native.GraphManagment.cuGraphDestroy(graph);
        Check(code, "instantiate a graph");
        return new Graph(this, executable);
    }

    /// <summary>The context stays: it is not ours.</summary>
    public void Dispose() { }

    private static CUstream StreamOf(nint stream) => new() { Pointer = stream };

    private void Check(CUResult code, string attempt) => api.Check((int)code, attempt);

    private sealed class Module(ManagedCudaDriver driver, CUmodule module, string name) : ICudaModule
    {
        public ICudaFunction GetFunction(string kernel)
        {
            driver.bindContext();
            CUfunction function = default;
            driver.Check(
                Native.ModuleManagement.cuModuleGetFunction(ref function, module, kernel),
                $"find kernel {kernel} in the image of {name}"
            );
            return new Function(driver, function, kernel);
        }

        public void Dispose()
        {
            driver.bindContext();
            _ = Native.ModuleManagement.cuModuleUnload(module);
        }
    }

    private sealed class Function(ManagedCudaDriver driver, CUfunction function, string name) : ICudaFunction
    {
        public string Name => name;

        public CUfunction Handle => function;

        public int Registers => Attribute(CUFunctionAttribute.NumRegs);

        public int StaticSharedBytes => Attribute(CUFunctionAttribute.SharedSizeBytes);

        public int LocalBytes => Attribute(CUFunctionAttribute.LocalSizeBytes);

        public void AllowDynamicShared(int bytes)
        {
            driver.bindContext();
            driver.Check(
                Native.FunctionManagement.cuFuncSetAttribute(function, CUFunctionAttribute.MaxDynamicSharedSizeBytes, bytes),
                $"allow {name} {bytes} bytes of shared memory"
            );
        }

        private int Attribute(CUFunctionAttribute attribute)
        {
            driver.bindContext();
            int value = 0;
            driver.Check(
                Native.FunctionManagement.cuFuncGetAttribute(ref value, attribute, function),
                $"ask for a property of {name}"
            );
            return value;
        }
    }

    private sealed class Event : ICudaEvent
    {
        private readonly ManagedCudaDriver driver;
        private readonly CUevent handle;

        public Event(ManagedCudaDriver driver)
        {
            this.driver = driver;
            driver.bindContext();
            driver.Check(Native.Events.cuEventCreate(ref handle, CUEventFlags.Default), "create an event");
        }

        public CUevent Handle => handle;

        public void Record(nint stream)
        {
            driver.bindContext();
            const uint IntoGraph = 1;
            driver.api.Check(
                driver.api.EventRecord(handle.Pointer, stream, stream == driver.capturing ? IntoGraph : 0),
                "record an event"
            );
        }

        public void Mark(nint stream)
        {
            driver.bindContext();
            driver.api.Check(driver.api.EventRecord(handle.Pointer, stream, 0), "mark a point in a stream");
        }

        public void Synchronize()
        {
            driver.bindContext();
            driver.Check(Native.Events.cuEventSynchronize(handle), "wait for an event");
        }

        public double MillisecondsSince(ICudaEvent start)
        {
            driver.bindContext();
            float milliseconds = 0;
            driver.Check(
                Native.Events.cuEventElapsedTime(ref milliseconds, ((Event)start).handle, handle),
                "ask for the time between two events"
            );
            return milliseconds;
        }

        public void Dispose()
        {
            driver.bindContext();
            _ = Native.Events.cuEventDestroy_v2(handle);
        }
    }

    private sealed class Graph(ManagedCudaDriver driver, CUgraphExec executable) : ICudaGraph
    {
        public void Launch(nint stream)
        {
            driver.bindContext();
            driver.Check(Native.GraphManagment.cuGraphLaunch(executable, StreamOf(stream)), "start a graph");
        }

        public void Dispose()
        {
            driver.bindContext();
            _ = Native.GraphManagment.cuGraphExecDestroy(executable);
        }
    }
}
