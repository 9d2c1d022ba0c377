using System.IO.Hashing;
using System.Text.Json;

namespace UnpairedSegEngine.Checkpoints;

/// <summary>
/// manifest.json of a checkpoint: size and XxHash128 of every other file in the folder. It is written last, so a folder
/// with a manifest that verifies is complete.
/// </summary>
internal static class CheckpointManifest
{
    public const string FileName = "manifest.json";

    /// <summary>Writes file contents through a stream that measures them, and in the end the manifest.</summary>
    public static IEnumerable<KeyValuePair<string, Action<Stream>>> Append(IReadOnlyDictionary<string, Action<Stream>> files)
    {
        var entries = new SortedDictionary<string, ManifestEntry>(StringComparer.Ordinal);
        foreach ((string name, Action<Stream> write) in files)
        {
            yield return new(name, stream =>
            {
                using var measured = new MeasuredStream(stream);
                write(measured);
                entries[name] = new ManifestEntry(measured.BytesWritten, measured.Hash);
            });
        }

        yield return new(FileName, stream => JsonSerializer.Serialize(stream, entries, ManifestJson.Default.SortedDictionaryStringManifestEntry));
    }

    /// <summary>Compares a folder with its manifest.</summary>
    /// <exception cref="InvalidDataException">A file is missing, extra or differs; the message names it.</exception>
    public static void Verify(string folder)
    {
        string path = Path.Combine(folder, FileName);
        SortedDictionary<string, ManifestEntry> entries = Read(path);
        foreach (string file in Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)))
        {
            if (file != FileName && !entries.ContainsKey(file))
                throw new InvalidDataException($"'{path}': does not list '{file}', which is in the folder");
        }

        foreach ((string name, ManifestEntry expected) in entries)
            Verify(Path.Combine(folder, name), expected);
    }

    private static SortedDictionary<string, ManifestEntry> Read(string path)
    {
        if (!File.Exists(path))
            throw new InvalidDataException($"'{path}': missing: the checkpoint is incomplete");
        try
        {
            using FileStream file = File.OpenRead(path);
            return JsonSerializer.Deserialize(file, ManifestJson.Default.SortedDictionaryStringManifestEntry)
                ?? throw new InvalidDataException($"'{path}': is empty");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{path}': no valid manifest: {e.Message}", e);
        }
    }

    private static void Verify(string path, ManifestEntry expected)
    {
        if (!File.Exists(path))
            throw new InvalidDataException($"'{path}': missing, its manifest lists it");
        using FileStream file = File.OpenRead(path);
        if (file.Length != expected.Size)
            throw new InvalidDataException($"'{path}': has {file.Length} bytes, its manifest says {expected.Size}: truncated or replaced");
        var hash = new XxHash128();
        hash.Append(file);
        string found = Convert.ToHexStringLower(hash.GetCurrentHash());
        if (found != expected.XxHash128)
            throw new InvalidDataException($"'{path}': has hash {found}, its manifest says {expected.XxHash128}: damaged");
    }
}
