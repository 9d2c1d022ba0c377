using System.Runtime.InteropServices;
using ILGPU;

namespace UnpairedSegEngine.Devices;

/// <summary>
/// Finds the CUDA driver's library, for ILGPU and for our own bindings alike. ILGPU asks for libcuda.so only, which machines and containers with nothing but a driver
/// lack: they have libcuda.so.1.
/// </summary>
public static class CudaLibrary
{
    /// <summary>Names a library file to use instead of the installed driver's, as the tests do.</summary>
    public const string PathVariable = "UNPAIREDSEG_CUDA_LIBRARY";

    private static readonly Lazy<nint> Handle = new(Load);

    /// <summary>Handle of the library, or 0 where there is none. From the first call on, ILGPU uses the same one.</summary>
    public static nint Find() => Handle.Value;

    private static nint Load()
    {
        nint handle = 0;
        _ = Candidates().Any(name => NativeLibrary.TryLoad(name, out handle));
        // A process has one resolver per assembly, and this is ILGPU's: it sets none of its own on Linux and Windows.
        NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, (name, _, _) => name == "cuda" ? handle : 0);
        return handle;
    }

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } path)
            return [path];
        return OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];
    }
}
