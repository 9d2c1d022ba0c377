using System.Diagnostics;
using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Fuzz;

/// <summary>Processor time of this thread, so that a busy machine makes no parser slow.</summary>
internal static partial class ThreadClock
{
    private const int ThreadTime = 3;

    public static TimeSpan Now =>
        OperatingSystem.IsLinux() && GetTime(ThreadTime, out TimeParts time) == 0
            ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1000)
            : Stopwatch.GetElapsedTime(0);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeParts time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeParts
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
