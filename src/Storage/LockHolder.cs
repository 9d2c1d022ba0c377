using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace UnpairedSegEngine.Storage;

/// <summary>Who holds a lock: "4711 host 639012345678901234", the last being when the process started.</summary>
internal sealed record LockHolder(int ProcessId, string Host, long StartedTicks)
{
    private const int MostBytes = 512;

    /// <summary>Start times of one process differ by clock ticks between readings.</summary>
    private const long TickTolerance = 2 * TimeSpan.TicksPerSecond;

    public static LockHolder Self { get; } =
        new(Environment.ProcessId, Environment.MachineName, StartOf(Process.GetCurrentProcess()));

    /// <summary>Whether the process runs; null where that cannot be known from here.</summary>
    public bool? IsAlive()
    {
        if (Host != Environment.MachineName)
            return null;
        try
        {
            using Process process = Process.GetProcessById(ProcessId);
            return Math.Abs(StartOf(process) - StartedTicks) <= TickTolerance && ProcessId != Environment.ProcessId;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    public void Write(FileStream file)
    {
        file.SetLength(0);
        file.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{ProcessId} {Host} {StartedTicks}\n")));
        file.Flush();
    }

    /// <summary>The holder that an open lock file names; null where it names none.</summary>
    public static LockHolder? Read(SafeFileHandle file)
    {
        Span<byte> bytes = stackalloc byte[MostBytes];
        int count = RandomAccess.Read(file, bytes, 0);
        string[] parts = Encoding.UTF8.GetString(bytes[..count]).Split(' ', StringSplitOptions.TrimEntries);
        return
            parts.Length == 3
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            && long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out long started)
            ? new LockHolder(id, OneLine.Of(parts[1]), started)
            : null;
    }

    /// <summary>The same of a file that another process has locked; null also where it cannot be read.</summary>
    /// <remarks>.NET locks what it opens, and so cannot open what is locked.</remarks>
    public static LockHolder? Read(string path)
    {
        if (OperatingSystem.IsWindows())
            return null;
        using SafeFileHandle file = UnixCalls.Open(path, UnixCalls.ReadOnlyCloseOnExec);
        return file.IsInvalid ? null : Read(file);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"process {ProcessId} on host {Host}");

    private static long StartOf(Process process) => process.StartTime.ToUniversalTime().Ticks;
}
