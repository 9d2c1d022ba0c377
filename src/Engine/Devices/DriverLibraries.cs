using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace UnpairedSegEngine.Devices;

/// <summary>
/// ILGPU asks for libcuda.so and libOpenCL.so, but machines with nothing but a driver have only libcuda.so.1 and libOpenCL.so.1.
/// </summary>
internal static class DriverLibraries
{
    private static readonly Lock Gate = new();
    private static bool registered;

    /// <summary>Lets ILGPU find the versioned names too; to be called before its first look for devices.</summary>
    public static void Register()
    {
        lock (Gate)
        {
            if (registered)
                return;
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += Resolve;
            registered = true;
        }
    }

    private static nint Resolve(Assembly requester, string name)
        => requester == typeof(ILGPU.Context).Assembly && NativeLibrary.TryLoad($"lib{name}.so.1", out nint library) ? library : 0;
}
