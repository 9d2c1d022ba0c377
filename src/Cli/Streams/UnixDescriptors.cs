using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Cli.Streams;

/// <summary>What .NET does not offer of libc for file descriptors.</summary>
internal static partial class UnixDescriptors
{
    public const int GetDescriptorFlags = 1;
    public const int CloseOnExec = 1;
    public const int Interrupted = 4;

    private const int OpenFiles = 7;

    public static int TryAgain => OperatingSystem.IsLinux() ? 11 : 35;

    /// <summary>How many files the process may have open; null where the system does not say.</summary>
    public static ulong? MostOpenFiles =>
        OperatingSystem.IsLinux() && GetLimit(OpenFiles, out Limit limit) == 0 ? limit.Soft : null;

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, ReadOnlySpan<byte> buffer, nint count);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Control(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limit limit);

    private struct Limit
    {
        public ulong Soft,
            Hard;
    }
}
