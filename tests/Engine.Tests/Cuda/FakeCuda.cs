using System.Runtime.InteropServices;
using System.Text;
using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>The stand-in for the CUDA driver (tests/FakeCuda), loaded into this process.</summary>
internal static unsafe class FakeCuda
{
    private static readonly string Path = System.IO.Path.Combine(AppContext.BaseDirectory, "libfake_cuda.so");

    private static nint library;

    /// <summary>
    /// Bindings to the fake with its settings as they are at first; ignores the test where it could not be built.
    /// </summary>
    public static CudaApi Open(params (string Name, long Value)[] settings)
    {
        if (!File.Exists(Path))
            Assert.Ignore("the fake CUDA driver was not built: CMake or a C compiler is missing");
        library = NativeLibrary.Load(Path);
        foreach (
            (string name, long value) in ((string, long)[])
                [
                    ("VERSION", 13000),
                    ("DEVICES", 1),
                    ("CAPABILITY", 90),
                    ("MEMORY", 64 << 20),
                    ("IMAGE", 0),
                    ("LAUNCH", 0),
                    .. settings,
                ]
        )
            Set(name, value);
        ((delegate* unmanaged<void>)NativeLibrary.GetExport(library, "fake_cuda_reset"))();
        return new CudaApi(library);
    }

    /// <summary>A driver in a context of its own, which is not current before it is used.</summary>
    public static NativeCudaDriver OpenDriver(params (string Name, long Value)[] settings) => OpenDriver(Open(settings));

    /// <summary>One more, in another context.</summary>
    public static NativeCudaDriver OpenDriver(CudaApi api)
    {
        nint context;
        ((delegate* unmanaged<nint*, uint, int, int>)NativeLibrary.GetExport(library, "cuCtxCreate_v2"))(&context, 0, 0);
        BindContext(0);
        nint own = context;
        return new NativeCudaDriver(api, 0, () => BindContext(own));
    }

    /// <summary>Makes a context current on this thread; 0 for none.</summary>
    public static void BindContext(nint context) =>
        _ = ((delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cuCtxSetCurrent"))(context);

    /// <summary>Device memory of the current context.</summary>
    public static nint Allocate(nint bytes)
    {
        nint memory;
        Assert.That(
            ((delegate* unmanaged<nint*, nint, int>)NativeLibrary.GetExport(library, "cuMemAlloc_v2"))(&memory, bytes),
            Is.Zero
        );
        return memory;
    }

    public static void Set(string name, long value)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
            ((delegate* unmanaged<byte*, nint, void>)NativeLibrary.GetExport(library, "fake_cuda_set"))(text, (nint)value);
    }

    /// <summary>What was called, one line each.</summary>
    public static string[] Journal() =>
        Marshal
            .PtrToStringUTF8(((delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "fake_cuda_journal"))())!
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
