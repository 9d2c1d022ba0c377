using System.Runtime.InteropServices;
using System.Text;

namespace UnpairedSegEngine.Backends.Cuda.Profiling;

/// <summary>
/// Named ranges of host time that NVIDIA's Nsight shows above the kernels launched in them; nothing where NVTX's library is not
/// installed.
/// </summary>
internal static unsafe class NvtxRanges
{
    private static readonly nint Library = Find();
    private static readonly delegate* unmanaged<byte*, int> PushA = (delegate* unmanaged<byte*, int>)Export("nvtxRangePushA");
    private static readonly delegate* unmanaged<int> PopA = (delegate* unmanaged<int>)Export("nvtxRangePop");

    public static void Push(string name)
    {
        if (PushA is null)
            return;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
            _ = PushA(text);
    }

    public static void Pop()
    {
        if (PopA is not null)
            _ = PopA();
    }

    private static nint Find()
    {
        nint library = 0;
        _ = new[] { "libnvToolsExt.so.1", "libnvtx3interop.so.1", "libnvtx3interop.so" }.Any(name =>
            NativeLibrary.TryLoad(name, out library)
        );
        return library;
    }

    private static nint Export(string name) =>
        Library != 0 && NativeLibrary.TryGetExport(Library, name, out nint address) ? address : 0;
}
