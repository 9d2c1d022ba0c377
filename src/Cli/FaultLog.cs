using System.Globalization;
using UnpairedSegEngine.Cli.Verbs;

namespace UnpairedSegEngine.Cli;

/// <summary>Stack traces of the program's own faults, a file each in the folder for temporary files.</summary>
internal static class FaultLog
{
    /// <summary>Writes a log that only the user can read.</summary>
    /// <returns>Its path; where there can be no file, the trace itself on one line.</returns>
    public static string Write(Exception exception, IReadOnlyList<string> arguments)
    {
        DateTime now = DateTime.UtcNow;
        string name = string.Create(
            CultureInfo.InvariantCulture,
            $"unpairedseg-fault-{now:yyyyMMdd-HHmmss}-{Environment.ProcessId}.log"
        );
        string path = Path.Combine(Path.GetTempPath(), name);
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var log = new StreamWriter(path, options);
            log.WriteLine($"unpairedseg {InfoVerb.Version}, {now.ToString("u", CultureInfo.InvariantCulture)}");
            log.WriteLine($"arguments: {string.Join(' ', arguments)}");
            log.WriteLine(exception.ToString());
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"this trace (no log could be written: {e.Message}): {Storage.OneLine.Of(exception.ToString())}";
        }
    }
}
