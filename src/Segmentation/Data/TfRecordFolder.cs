using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// The files below a folder of TFRecords. Links are followed, but every file counts once, by its own name rather than a link's;
/// hidden files (<c>._name</c> of macOS) count not at all.
/// </summary>
internal sealed class TfRecordFolder
{
    private const string Ending = ".tfrecord";

    /// <summary>A list of paths is no longer than this.</summary>
    private const long LongestList = 64L << 20;

    private readonly string folder;
    private readonly Dictionary<string, string> pathOfReal;
    private readonly Lazy<ILookup<string, string>> recordsByName;

    /// <summary>Looks through a folder and what lies below it.</summary>
    public TfRecordFolder(string folder)
    {
        this.folder = folder;
        pathOfReal = Scan(folder);
        string[] paths = [.. pathOfReal.Values.Order(StringComparer.Ordinal)];
        var known = paths.ToHashSet(StringComparer.Ordinal);
        // An unpacked file may lie beside the packed one that it came from.
        Records =
        [
            .. paths.Where(path =>
                IsRecord(path)
                && !(TfRecordCompression.OfName(path) is not null && known.Contains(Path.ChangeExtension(path, null)))
            ),
        ];
        Others = [.. paths.Where(path => !IsRecord(path))];
        recordsByName = new(() => Records.ToLookup(path => Path.GetFileName(path)));
    }

    /// <summary>Files of records, sorted by path; packed ones among them.</summary>
    public IReadOnlyList<string> Records { get; }

    /// <summary>All other files, sorted by path.</summary>
    public IReadOnlyList<string> Others { get; }

    /// <summary>A file's name up to the ending that says what kind of file it is.</summary>
    public static string NameOf(string path)
    {
        string name = Path.GetFileName(path);
        int ending = name.IndexOf(Ending, StringComparison.OrdinalIgnoreCase);
        return ending < 0 ? Path.GetFileNameWithoutExtension(name) : name[..ending];
    }

    /// <summary>
    /// The files that a list names, one path per line, each once: by their paths or, since released lists name files as they lay
    /// on the authors' machine, by their last parts.
    /// </summary>
    /// <exception cref="InvalidDataException">The list is empty or too large, or a line names no file below the folder, or
    /// several.</exception>
    public IReadOnlyList<string> ReadList(string list)
    {
        long length = new FileInfo(RealPath.OrCircle(list)).Length;
        string[] lines = length is > 0 and <= LongestList
            ? [.. File.ReadLines(list).Select(line => line.Trim()).Where(line => line.Length > 0)]
            : [];
        return lines.Length > 0
            ? [.. lines.Select(line => Find(list, line)).Distinct()]
            : throw new InvalidDataException(
                $"'{list}': has {length} bytes and names no file, expected one path per line, at most {LongestList >> 20} MiB"
            );
    }

    private string Find(string list, string line)
    {
        foreach (
            string candidate in new[] { Path.Combine(folder, line), Path.Combine(Path.GetDirectoryName(list)!, line) }.Where(
                File.Exists
            )
        )
            return pathOfReal.GetValueOrDefault(RealPath.OrCircle(candidate))
                ?? throw new InvalidDataException($"'{list}': names '{line}', which lies outside '{folder}'");

        string[] parts = Parts(line);
        string[] best =
        [
            .. recordsByName
                .Value[parts[^1]]
                .GroupBy(path => CommonEnd(Parts(path), parts))
                .OrderByDescending(group => group.Key)
                .FirstOrDefault()
                ?? Enumerable.Empty<string>(),
        ];
        return best switch
        {
            [string only] => only,
            [] => throw new InvalidDataException($"'{list}': names '{line}', which is not below '{folder}'"),
            [string first, string second, ..] => throw new InvalidDataException(
                $"'{list}': names '{line}', which may be '{first}' or '{second}': write the path below '{folder}'"
            ),
        };
    }

    private static string[] Parts(string path) => path.Split('/', '\\');

    private static int CommonEnd(string[] path, string[] line)
    {
        int common = 0;
        while (common < Math.Min(path.Length, line.Length) && path[^(common + 1)] == line[^(common + 1)])
            common++;
        return common;
    }

    private static bool IsRecord(string path)
    {
        string name = TfRecordCompression.OfName(path) is null ? path : Path.ChangeExtension(path, null);
        return Path.GetExtension(name).StartsWith(Ending, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// Paths by real paths. Links come after all that lies in the folder itself, so that a file is known by its own name.
    /// </summary>
    private static Dictionary<string, string> Scan(string folder)
    {
        var (files, folders) = (
            new Dictionary<string, string>(StringComparer.Ordinal),
            new HashSet<string>(StringComparer.Ordinal)
        );
        var (own, links) = (new Queue<string>([folder]), new Queue<string>());
        while (own.TryDequeue(out string? path) || links.TryDequeue(out path))
        {
            string real = RealPath.OrCircle(path);
            if (!Directory.Exists(real))
                files.TryAdd(real, path);
            else if (folders.Add(real))
                foreach (
                    FileSystemInfo entry in new DirectoryInfo(path)
                        .EnumerateFileSystemInfos()
                        .Where(e => !e.Name.StartsWith('.'))
                        .OrderBy(e => e.Name, StringComparer.Ordinal)
                )
                    (entry.LinkTarget is null ? own : links).Enqueue(Path.Combine(path, entry.Name));
        }

        return files;
    }
}
