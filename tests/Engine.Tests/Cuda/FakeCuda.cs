using System.Runtime.InteropServices;
using System.Text;
using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>The stand-in for the CUDA driver (tests/FakeCuda), loaded into this process.</summary>
internal static unsafe class FakeCuda
{
    private static readonly string Path = System.IO.Path.Combine(AppContext.BaseDirectory, "libfake_cuda.so");

    private static nint library;

    /// <summary>Bindings to the fake with its settings as they are at first; ignores the test where it could not be built.</summary>
    public static CudaApi Open(params (string Name, long Value)[] settings)
    {
        if (!File.Exists(Path))
            Assert.Ignore("the fake CUDA driver was not built: CMake or a C compiler is missing");
        library = NativeLibrary.Load(Path);
        foreach ((string name, long value) in ((string, long)[])[("VERSION", 13000), ("DEVICES", 1), ("CAPABILITY", 90), ("MEMORY", 64 << 20), ("IMAGE", 0), ("LAUNCH", 0), .. settings])
            Set(name, value);
        ((delegate* unmanaged<void>)NativeLibrary.GetExport(library, "fake_cuda_reset"))();
        var api = new CudaApi(library);
        nint context;
        ((delegate* unmanaged<nint*, uint, int, int>)NativeLibrary.GetExport(library, "cuCtxCreate_v2"))(&context, 0, 0);
        return api;
    }

    public static void Set(string name, long value)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
            ((delegate* unmanaged<byte*, nint, void>)NativeLibrary.GetExport(library, "fake_cuda_set"))(text, (nint)value);
    }

    /// <summary>What was called, one line each.</summary>
    public static string[] Journal()
        => Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "fake_cuda_journal"))())!.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
