using System.Globalization;
using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>The process's memory: how glibc keeps it, and how much there was.</summary>
internal static partial class ProcessMemory
{
    // malloc.h.
    private const int TrimThreshold = -1,
        TopPad = -2,
        MaximumMaps = -4;

    /// <summary>Tells glibc to keep what is freed: otherwise every step pays page faults for memory that it had before.</summary>
    /// <exception cref="InvalidOperationException">glibc refuses.</exception>
    public static void KeepFreed()
    {
        // The threshold for mappings cannot be raised beyond 32 MiB, and 3D tensors are larger: no mappings at all.
        Require(SetMallocOption(MaximumMaps, 0));
        Require(SetMallocOption(TrimThreshold, int.MaxValue));
        Require(SetMallocOption(TopPad, 64 << 20));

        static void Require(int done)
        {
            if (done == 0)
                throw new InvalidOperationException("glibc's mallopt refused a setting");
        }
    }

    /// <summary>The largest resident set so far, in MiB.</summary>
    public static double PeakMebibytes()
    {
        string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return Math.Round(
            long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)
                / 1024.0,
            1
        );
    }

    [LibraryImport("libc.so.6", EntryPoint = "mallopt")]
    private static partial int SetMallocOption(int option, int value);
}
