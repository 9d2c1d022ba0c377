using System.IO.Hashing;
using System.Text.Json;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Checkpoints;

/// <summary>
/// manifest.json of a checkpoint: size and XxHash128 of every other file in the folder. It is written last, so a folder
/// with a manifest that verifies is complete.
/// </summary>
internal static class CheckpointManifest
{
    public const string FileName = "manifest.json";

    /// <summary>A checkpoint has a handful of files.</summary>
    private const long MostBytes = 1 << 20;

    /// <summary>Writes file contents through a stream that measures them, and in the end the manifest.</summary>
    public static IEnumerable<KeyValuePair<string, Action<Stream>>> Append(IReadOnlyDictionary<string, Action<Stream>> files)
    {
        var entries = new SortedDictionary<string, ManifestEntry>(StringComparer.Ordinal);
        foreach ((string name, Action<Stream> write) in files)
        {
            yield return new(
                name,
                stream =>
                {
                    using var measured = new MeasuredStream(stream);
                    write(measured);
                    entries[name] = new ManifestEntry(measured.BytesWritten, measured.Hash);
                }
            );
        }

        yield return new(
            FileName,
            stream => JsonSerializer.Serialize(stream, entries, ManifestJson.Default.SortedDictionaryStringManifestEntry)
        );
    }

    /// <summary>Compares a folder with its manifest.</summary>
    /// <param name="folder">The checkpoint's.</param>
    /// <param name="required">Files without which it is none.</param>
    /// <exception cref="InvalidDataException">A file is missing, extra, differs or is none; the message names it.</exception>
    public static void Verify(string folder, IReadOnlyCollection<string> required)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new InvalidDataException($"'{path}': missing: the checkpoint is incomplete");
        SortedDictionary<string, ManifestEntry> entries = JsonFile.Read(
            path,
            ManifestJson.Default.SortedDictionaryStringManifestEntry,
            MostBytes
        );
        string? missing =
            entries.Count == 0
                ? "any file"
                : required.Where(name => !entries.ContainsKey(name)).Select(name => $"'{name}'").FirstOrDefault();
        if (missing is not null)
            throw new InvalidDataException($"'{path}': does not list {missing}: the checkpoint is incomplete");
        foreach ((string name, ManifestEntry? expected) in entries)
        {
            if (!Storage.FileName.IsPlain(name) || name == FileName || expected is null)
                throw new InvalidDataException(
                    $"'{path}': lists '{OneLine.Of(name)}', which is no name of a file in its folder with size and hash"
                );
        }

        foreach (string file in Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)))
        {
            // Hidden files are not ours: systems leave them in folders that a person looked into.
            if (file != FileName && file[0] != '.' && !entries.ContainsKey(file))
                throw new InvalidDataException($"'{path}': does not list '{file}', which is in the folder");
        }

        foreach ((string name, ManifestEntry expected) in entries)
            Verify(Path.Combine(folder, name), expected);
    }

    private static void Verify(string path, ManifestEntry expected)
    {
        if (!File.Exists(path))
            throw new InvalidDataException($"'{path}': missing, its manifest lists it");
        using FileStream file = InputFile.OpenUnlinked(path);
        if (file.Length != expected.Size)
            throw new InvalidDataException(
                $"'{path}': has {file.Length} bytes, its manifest says {expected.Size}: truncated or replaced"
            );
        var hash = new XxHash128();
        hash.Append(file);
        string found = Convert.ToHexStringLower(hash.GetCurrentHash());
        if (found != expected.XxHash128)
            throw new InvalidDataException(
                $"'{path}': has hash {found}, its manifest says {OneLine.Of(expected.XxHash128)}: damaged"
            );
    }
}
