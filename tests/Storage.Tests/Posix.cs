using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Storage.Tests;

/// <summary>Files that .NET does not make.</summary>
internal static partial class Posix
{
    private const uint OwnerOnly = 0x180;

    public static string MakeFifo(string path) =>
        MakeFifo(path, OwnerOnly) == 0 ? path : throw new IOException(Marshal.GetLastPInvokeErrorMessage());

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MakeFifo(string path, uint mode);
}
