using System.Globalization;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Runs;

/// <summary>How much memory training may take.</summary>
/// <param name="Bytes">So much.</param>
/// <param name="Origin">Who says so: the beginning of a sentence.</param>
public sealed record MemoryLimit(long Bytes, string Origin)
{
    private const string Form = "a size such as 4GB, 512MB or 3.5GiB";

    private static readonly (string Unit, double Bytes)[] Units =
    [
        ("KIB", 1L << 10),
        ("MIB", 1L << 20),
        ("GIB", 1L << 30),
        ("TIB", 1L << 40),
        ("KB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("TB", 1e12),
        ("K", 1L << 10),
        ("M", 1L << 20),
        ("G", 1L << 30),
        ("T", 1L << 40),
    ];

    /// <summary>
    /// The least of what was asked for, what the container may take, and what the machine has left beside other programs.
    /// </summary>
    /// <param name="given">Text of an option such as "4GB"; null if it was not given.</param>
    /// <exception cref="UsageException">The text is no size.</exception>
    public static MemoryLimit Of(string? given)
    {
        MemoryLimit?[] limits =
        [
            given is null ? null : new MemoryLimit(Parse(given), $"--memory {given}"),
            OfContainer("/proc/self/cgroup", "/sys/fs/cgroup"),
            OfMachine("/proc/meminfo"),
        ];
        return limits.OfType<MemoryLimit>().MinBy(limit => limit.Bytes)!;
    }

    /// <summary>Reads "4GB" (10^9), "4GiB" or "4G" (2^30), with a point for decimals.</summary>
    /// <exception cref="UsageException">The text is no size above 0.</exception>
    public static long Parse(string text)
    {
        string upper = text.Trim().ToUpperInvariant();
        (string unit, double factor) = Units.FirstOrDefault(u => upper.EndsWith(u.Unit, StringComparison.Ordinal), ("", 0));
        return
            factor > 0
            && double.TryParse(
                upper[..^unit.Length].TrimEnd(),
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out double number
            )
            && number * factor is >= 1 and < long.MaxValue
            ? (long)(number * factor)
            : throw new UsageException($"--memory '{OneLine.Of(text)}': expected {Form}");
    }

    /// <summary>What Linux says is left, and what this process holds already.</summary>
    internal static MemoryLimit OfMachine(string memoryInformation)
    {
        long? left = File.Exists(memoryInformation)
            ? File.ReadLines(memoryInformation)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words is ["MemAvailable:", _, "kB"])
                .Select(words => (long?)(long.Parse(words[1], CultureInfo.InvariantCulture) << 10))
                .FirstOrDefault()
            : null;
        return left is { } bytes
            ? new MemoryLimit(bytes + Environment.WorkingSet, "what the machine has left")
            : new MemoryLimit(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, "the machine's memory");
    }

    /// <summary>
    /// The least limit of the control groups that the process is in, of version 1 or 2; null where there is none. Inside a
    /// container, whose own group is mounted as the root, a path may be that of the host.
    /// </summary>
    internal static MemoryLimit? OfContainer(string groups, string mount)
    {
        if (!File.Exists(groups))
            return null;
        var limits = new List<long>();
        foreach (string[] parts in File.ReadLines(groups).Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3))
        {
            (string folder, string file)? place = parts[1] switch
            {
                "" => (mount, "memory.max"),
                _ when parts[1].Split(',').Contains("memory") => (Path.Combine(mount, "memory"), "memory.limit_in_bytes"),
                _ => null,
            };
            if (place is not var (root, name))
                continue;
            for (
                string? path = parts[2].Trim('/');
                path is not null;
                path = path.Length == 0 ? null : Path.GetDirectoryName(path)
            )
            {
                string file = Path.Combine(root, path, name);
                if (File.Exists(file) && long.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out long bytes))
                    limits.Add(bytes);
            }
        }

        // Version 1 writes the largest number of pages where there is no limit.
        long least = limits.DefaultIfEmpty(long.MaxValue).Min();
        return least >= 1L << 60 ? null : new MemoryLimit(least, "the container's limit");
    }
}
