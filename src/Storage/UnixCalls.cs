using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UnpairedSegEngine.Storage;

/// <summary>What .NET does not offer of libc. Constants are Linux's.</summary>
internal static partial class UnixCalls
{
    public const int ReadOnlyCloseOnExec = 0x80000;
    public const int Interrupted = 4;
    public const int InvalidArgument = 22;
    public const int ReadOnlyFileSystem = 30;
    public const int NotSupported = 95;

    private const string Library = "libc";
    private const int CurrentFolder = -100;
    private const uint TypeWanted = 1;
    private const int BytesOfStatx = 256;
    private const int OffsetOfMode = 28;
    private const int TypeBits = 0xF000;
    private const int RegularFile = 0x8000;

    /// <remarks>
    /// Calls go through the program's own symbols, as those of .NET do: a library loaded before libc, such as one that injects
    /// faults, takes part in them.
    /// </remarks>
    static UnixCalls() =>
        NativeLibrary.SetDllImportResolver(
            typeof(UnixCalls).Assembly,
            (name, _, _) => name == Library && !OperatingSystem.IsWindows() ? NativeLibrary.GetMainProgramHandle() : IntPtr.Zero
        );

    [LibraryImport(Library, EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(SafeFileHandle file);

    /// <summary>Whether a path leads to a regular file; true where the system cannot say.</summary>
    public static bool IsRegularFile(string path)
    {
        if (!OperatingSystem.IsLinux())
            return true;
        Span<byte> status = stackalloc byte[BytesOfStatx];
        return Statx(CurrentFolder, path, 0, TypeWanted, status) != 0
            || (BitConverter.ToUInt16(status[OffsetOfMode..]) & TypeBits) == RegularFile;
    }

    [LibraryImport(Library, EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, Span<byte> status);
}
