using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Devices;

/// <summary>
/// Finds the libraries of GPU drivers, for ILGPU and for our own bindings alike. ILGPU asks for libcuda.so and libOpenCL.so, but
/// machines and containers with nothing
/// but a driver have only libcuda.so.1 and libOpenCL.so.1.
/// </summary>
internal static class DriverLibraries
{
    /// <summary>Names a library file to use instead of the installed CUDA driver's, as the tests do.</summary>
    public const string CudaVariable = "UNPAIREDSEG_CUDA_LIBRARY";

    private static readonly Lazy<nint> CudaHandle = new(() => First(CudaNames()));
    private static readonly Lazy<nint> OpenClHandle = new(() => First(["libOpenCL.so.1", "libOpenCL.so", "OpenCL.dll"]));
    private static readonly Lazy<bool> Registered = new(() =>
    {
        NativeLibrary.SetDllImportResolver(
            typeof(ILGPU.Context).Assembly,
            (name, _, _) =>
                name switch
                {
                    "cuda" => CudaHandle.Value,
                    "OpenCL" => OpenClHandle.Value,
                    _ => 0,
                }
        );
        return true;
    });

    /// <summary>Handle of the CUDA driver's library; 0 where there is none.</summary>
    public static nint Cuda => CudaHandle.Value;

    /// <summary>Lets ILGPU find the same libraries; to be called before its first look for devices.</summary>
    public static void Register() => _ = Registered.Value;

    private static string[] CudaNames() =>
        Environment.GetEnvironmentVariable(CudaVariable) is { Length: > 0 } path
            ? [path]
            : ["libcuda.so.1", "libcuda.so", "nvcuda.dll"];

    private static nint First(string[] names)
    {
        nint handle = 0;
        _ = names.Any(name => NativeLibrary.TryLoad(name, out handle));
        return handle;
    }
}
