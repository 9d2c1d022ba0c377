using System.Runtime.InteropServices;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Backends.Cuda.Driver;

/// <summary>
/// The entry points of the CUDA driver that we use, bound by hand: ILGPU's own bindings know neither binary images nor function
/// attributes nor graphs.
/// </summary>
internal sealed unsafe partial class CudaApi
{
    /// <summary>The oldest driver whose API has all we use, as <c>cuDriverGetVersion</c> counts (12.0).</summary>
    public const int OldestVersion = 12000;

    private readonly nint library;
    private readonly delegate* unmanaged<int, byte**, int> getErrorName;
    private readonly delegate* unmanaged<int, byte**, int> getErrorString;

    /// <param name="library">Handle of the driver's library; the installed one's if not given.</param>
    /// <exception cref="CudaException">There is no driver, it is too old, or there is no device; one line says which.</exception>
    public CudaApi(nint library = 0)
    {
        this.library = library != 0 ? library : DriverLibraries.Cuda;
        if (this.library == 0)
            throw new CudaException(
                "no CUDA driver on this machine (libcuda.so.1 was not found); install NVIDIA's driver, or use --device cpu"
            );
        getErrorName = (delegate* unmanaged<int, byte**, int>)Find("cuGetErrorName");
        getErrorString = (delegate* unmanaged<int, byte**, int>)Find("cuGetErrorString");

        int version;
        Check(((delegate* unmanaged<int*, int>)Find("cuDriverGetVersion"))(&version), "ask for the driver's version");
        Version = version;
        if (version < OldestVersion)
            throw new CudaException(
                $"the CUDA driver supports CUDA {Text(version)}, but {Text(OldestVersion)} is needed; update NVIDIA's "
                    + "driver, or use --device cpu"
            );
        LoadKernelsWithTheirModules();
        Check(((delegate* unmanaged<uint, int>)Find("cuInit"))(0), "start the CUDA driver");
        int devices;
        Check(((delegate* unmanaged<int*, int>)Find("cuDeviceGetCount"))(&devices), "count the GPUs");
        if (devices == 0)
            throw new CudaException(
                "the CUDA driver sees no GPU (is one hidden by CUDA_VISIBLE_DEVICES?); use --device cpu",
                100
            );

        DeviceGetName = (delegate* unmanaged<byte*, int, int, int>)Find("cuDeviceGetName");
        DeviceGetAttribute = (delegate* unmanaged<int*, int, int, int>)Find("cuDeviceGetAttribute");
        MemGetInfo = (delegate* unmanaged<nuint*, nuint*, int>)Find("cuMemGetInfo_v2");
        ModuleLoadDataEx = (delegate* unmanaged<nint*, byte*, uint, int*, void**, int>)Find("cuModuleLoadDataEx");
        ModuleUnload = (delegate* unmanaged<nint, int>)Find("cuModuleUnload");
        ModuleGetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)Find("cuModuleGetFunction");
        FuncGetAttribute = (delegate* unmanaged<int*, int, nint, int>)Find("cuFuncGetAttribute");
        FuncSetAttribute = (delegate* unmanaged<nint, int, int, int>)Find("cuFuncSetAttribute");
        LaunchKernel = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Find(
            "cuLaunchKernel"
        );
        StreamCreate = (delegate* unmanaged<nint*, uint, int>)Find("cuStreamCreate");
        StreamDestroy = (delegate* unmanaged<nint, int>)Find("cuStreamDestroy_v2");
        StreamSynchronize = (delegate* unmanaged<nint, int>)Find("cuStreamSynchronize");
        StreamWaitEvent = (delegate* unmanaged<nint, nint, uint, int>)Find("cuStreamWaitEvent");
        MemAllocHost = (delegate* unmanaged<nint*, nuint, int>)Find("cuMemAllocHost_v2");
        MemFreeHost = (delegate* unmanaged<nint, int>)Find("cuMemFreeHost");
        MemcpyAsync = (delegate* unmanaged<nint, nint, nuint, nint, int>)Find("cuMemcpyAsync");
        MemsetD8Async = (delegate* unmanaged<nint, byte, nuint, nint, int>)Find("cuMemsetD8Async");
        EventCreate = (delegate* unmanaged<nint*, uint, int>)Find("cuEventCreate");
        EventRecord = (delegate* unmanaged<nint, nint, uint, int>)Find("cuEventRecordWithFlags");
        EventSynchronize = (delegate* unmanaged<nint, int>)Find("cuEventSynchronize");
        EventElapsedTime = (delegate* unmanaged<float*, nint, nint, int>)Find("cuEventElapsedTime");
        EventDestroy = (delegate* unmanaged<nint, int>)Find("cuEventDestroy_v2");
        StreamBeginCapture = (delegate* unmanaged<nint, int, int>)Find("cuStreamBeginCapture_v2");
        StreamEndCapture = (delegate* unmanaged<nint, nint*, int>)Find("cuStreamEndCapture");
        GraphInstantiate = (delegate* unmanaged<nint*, nint, ulong, int>)Find("cuGraphInstantiateWithFlags");
        GraphLaunch = (delegate* unmanaged<nint, nint, int>)Find("cuGraphLaunch");
        GraphDestroy = (delegate* unmanaged<nint, int>)Find("cuGraphDestroy");
        GraphExecDestroy = (delegate* unmanaged<nint, int>)Find("cuGraphExecDestroy");
    }

    /// <summary>1000 * major + 10 * minor.</summary>
    public int Version { get; }

    public delegate* unmanaged<byte*, int, int, int> DeviceGetName { get; }

    public delegate* unmanaged<int*, int, int, int> DeviceGetAttribute { get; }

    public delegate* unmanaged<nuint*, nuint*, int> MemGetInfo { get; }

    public delegate* unmanaged<nint*, byte*, uint, int*, void**, int> ModuleLoadDataEx { get; }

    public delegate* unmanaged<nint, int> ModuleUnload { get; }

    public delegate* unmanaged<nint*, nint, byte*, int> ModuleGetFunction { get; }

    public delegate* unmanaged<int*, int, nint, int> FuncGetAttribute { get; }

    public delegate* unmanaged<nint, int, int, int> FuncSetAttribute { get; }

    public delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> LaunchKernel { get; }

    public delegate* unmanaged<nint*, uint, int> StreamCreate { get; }

    public delegate* unmanaged<nint, int> StreamDestroy { get; }

    public delegate* unmanaged<nint, int> StreamSynchronize { get; }

    public delegate* unmanaged<nint, nint, uint, int> StreamWaitEvent { get; }

    public delegate* unmanaged<nint*, nuint, int> MemAllocHost { get; }

    public delegate* unmanaged<nint, int> MemFreeHost { get; }

    public delegate* unmanaged<nint, nint, nuint, nint, int> MemcpyAsync { get; }

    public delegate* unmanaged<nint, byte, nuint, nint, int> MemsetD8Async { get; }

    public delegate* unmanaged<nint*, uint, int> EventCreate { get; }

    public delegate* unmanaged<nint, nint, uint, int> EventRecord { get; }

    public delegate* unmanaged<nint, int> EventSynchronize { get; }

    public delegate* unmanaged<float*, nint, nint, int> EventElapsedTime { get; }

    public delegate* unmanaged<nint, int> EventDestroy { get; }

    public delegate* unmanaged<nint, int, int> StreamBeginCapture { get; }

    public delegate* unmanaged<nint, nint*, int> StreamEndCapture { get; }

    public delegate* unmanaged<nint*, nint, ulong, int> GraphInstantiate { get; }

    public delegate* unmanaged<nint, nint, int> GraphLaunch { get; }

    public delegate* unmanaged<nint, int> GraphDestroy { get; }

    public delegate* unmanaged<nint, int> GraphExecDestroy { get; }

    /// <summary>"12.4" for 12040.</summary>
    public static string Text(int version) => $"{version / 1000}.{version % 1000 / 10}";

    /// <exception cref="CudaException">There is no such device.</exception>
    public CudaDeviceProperties PropertiesOf(int deviceIndex)
    {
        byte* name = stackalloc byte[256];
        Check(DeviceGetName(name, 256, deviceIndex), "ask for the GPU's name");
        int Attribute(int attribute)
        {
            int value;
            Check(DeviceGetAttribute(&value, attribute, deviceIndex), "ask for a property of the GPU");
            return value;
        }

        const int ClockRate = 13,
            MultiprocessorCount = 16,
            MemoryClockRate = 36,
            MemoryBusWidth = 37,
            CapabilityMajor = 75,
            CapabilityMinor = 76,
            SharedBytesOptIn = 97;
        return new CudaDeviceProperties(
            Marshal.PtrToStringUTF8((nint)name)!,
            (10 * Attribute(CapabilityMajor)) + Attribute(CapabilityMinor),
            Attribute(MultiprocessorCount),
            Attribute(SharedBytesOptIn),
            Attribute(ClockRate),
            Attribute(MemoryClockRate),
            Attribute(MemoryBusWidth)
        );
    }

    /// <summary>Turns a failure into one line that says what was being done.</summary>
    public void Check(int code, string attempt)
    {
        if (code != CudaResult.Success)
            throw Failure(code, attempt);
    }

    public CudaException Failure(int code, string attempt)
    {
        byte* name = null,
            text = null;
        _ = getErrorName(code, &name);
        _ = getErrorString(code, &text);
        string what =
            $"{Marshal.PtrToStringUTF8((nint)name) ?? $"CUDA error {code}"} "
            + $"({Marshal.PtrToStringUTF8((nint)text) ?? "unknown error"})";
        string advice = code switch
        {
            CudaResult.OutOfMemory => "; use a smaller batch, image size or channel count",
            CudaResult.IllegalAddress or CudaResult.LaunchFailed =>
                "; the GPU's context is lost, start again (compute-sanitizer names the faulty access)",
            CudaResult.NoBinary => "; build or compile the kernels for this GPU (unpairedseg kernels)",
            _ => "",
        };
        return new CudaException($"cannot {attempt}: {what}{advice}", code);
    }

    /// <summary>
    /// The driver loads kernels when they are first launched, unless the environment says otherwise, and some of ours are first
    /// launched while a stream is captured, where loading may
    /// need what a capture forbids (CUDA C++ programming guide, lazy loading). The driver reads the C library's environment,
    /// which <see cref="Environment"/> does not change.
    /// </summary>
    private static void LoadKernelsWithTheirModules()
    {
        if (!OperatingSystem.IsWindows())
            _ = SetEnvironmentVariable("CUDA_MODULE_LOADING", "EAGER", overwrite: 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironmentVariable(string name, string value, int overwrite);

    private nint Find(string name) =>
        NativeLibrary.TryGetExport(library, name, out nint address)
            ? address
            : throw new CudaException(
                $"the CUDA driver has no function {name}: it is older than CUDA {Text(OldestVersion)}; update NVIDIA's "
                    + "driver, or use --device cpu"
            );
}

/// <summary>The <c>CUresult</c> values that are treated apart.</summary>
internal static class CudaResult
{
    public const int Success = 0;
    public const int OutOfMemory = 2;
    public const int NoBinary = 209;
    public const int IllegalAddress = 700;
    public const int LaunchFailed = 719;
}
