using System.IO.Compression;
using System.IO.Hashing;
using System.Text.Json;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Training;

/// <summary>
/// A trained model in one file (.useg), to hand on: a zip of package.json, model.json, config.yaml, weights.safetensors and
/// perhaps LICENSE. Names of cases and machines are not in it; a method's settings may name folders of teachers. Opened, it is
/// unpacked to what a run folder needs for predictions.
/// </summary>
public static class ModelPackage
{
    /// <summary>Version of the format.</summary>
    public const int Format = 1;

    /// <summary>Name of the weights in a package.</summary>
    public const string WeightsName = "weights.safetensors";

    /// <summary>Name of the licence in a package.</summary>
    public const string LicenceName = "LICENSE";

    private const string ManifestName = "package.json";
    private const string ModelName = "model.json";
    private const string ConfigName = "config.yaml";

    /// <summary>All files but the weights are small.</summary>
    private const long MostBytes = 1 << 20;

    private const int MostBytesOfWeights = int.MaxValue - 64;

    // The same model makes the same file.
    private static readonly DateTimeOffset Epoch = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Whether a path may be a package: runs are folders.</summary>
    public static bool IsPackage(string path) => File.Exists(path);

    /// <summary>Writes or replaces a package, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="manifest">What the model is; its list of files is made here.</param>
    /// <param name="files">model.json, config.yaml, weights.safetensors and perhaps LICENSE.</param>
    /// <exception cref="ArgumentException">A file is missing, too many, or too long.</exception>
    public static void Write(string path, PackageManifest manifest, IReadOnlyDictionary<string, byte[]> files)
    {
        var listed = manifest with
        {
            Files = files.ToDictionary(file => file.Key, file => new PackageFile(file.Value.Length, HashOf(file.Value))),
        };
        if (Problem(listed) is { } problem)
            throw new ArgumentException($"a package {problem}");
        AtomicFile.Write(
            path,
            stream =>
            {
                using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
                Add(zip, ManifestName, JsonSerializer.SerializeToUtf8Bytes(listed, Json));
                foreach ((string name, byte[] bytes) in files.OrderBy(file => file.Key, StringComparer.Ordinal))
                    Add(zip, name, bytes);
            }
        );
    }

    /// <summary>What a package says of itself.</summary>
    /// <exception cref="InvalidDataException">The file is no package, or damaged.</exception>
    public static PackageManifest ReadManifest(string path) => Open(path, (_, manifest) => manifest);

    /// <summary>A small file of a package as text, such as its licence; null where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is no package, or damaged.</exception>
    public static string? ReadText(string path, string name) =>
        Open(
            path,
            (zip, manifest) =>
                manifest.Files.ContainsKey(name) ? System.Text.Encoding.UTF8.GetString(Read(zip, manifest, name)) : null
        );

    /// <summary>Unpacks a package to a temporary folder.</summary>
    /// <exception cref="InvalidDataException">The file is no package, or damaged; nothing stays behind.</exception>
    public static UnpackedModel Unpack(string path)
    {
        var unpacked = new UnpackedModel();
        try
        {
            return Open(
                path,
                (zip, manifest) =>
                {
                    foreach (string name in manifest.Files.Keys.Where(name => name != WeightsName))
                        File.WriteAllBytes(Path.Combine(unpacked.Folder, name), Read(zip, manifest, name));
                    byte[] weights = Read(zip, manifest, WeightsName);
                    var store = new CheckpointStore(Path.Combine(unpacked.Folder, TrainingCheckpoint.FolderName));
                    var contents = new Dictionary<string, Action<Stream>> { [WeightsName] = stream => stream.Write(weights) };
                    if (manifest.IsBest)
                        store.SaveBest(manifest.Step, contents);
                    else
                        store.Save(manifest.Step, contents);
                    return unpacked;
                }
            );
        }
        catch
        {
            unpacked.Dispose();
            throw;
        }
    }

    private static T Open<T>(string path, Func<ZipArchive, PackageManifest, T> use)
    {
        using FileStream file = InputFile.OpenRead(path);
        try
        {
            using var zip = new ZipArchive(file, ZipArchiveMode.Read);
            ZipArchiveEntry? entry = zip.GetEntry(ManifestName);
            if (entry is null)
                throw new InvalidDataException($"has no {ManifestName}");
            byte[] bytes = Bytes(entry, MostBytes);
            JsonFile.Validate(bytes);
            PackageManifest manifest = JsonSerializer.Deserialize<PackageManifest>(bytes, Json)!;
            return Problem(manifest) is { } problem ? throw new InvalidDataException(problem) : use(zip, manifest);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or EndOfStreamException or NotSupportedException)
        {
            throw new InvalidDataException(
                $"'{path}': is no package of a model, or a damaged one: {OneLine.Of(e.Message)}; copy it again, or make one with "
                    + "unpairedseg package",
                e
            );
        }
    }

    private static string? Problem(PackageManifest? manifest)
    {
        if (manifest is null)
            return $"has null in {ManifestName}";
        if (manifest.Format != Format)
            return $"has format {manifest.Format}, and this program knows {Format}";
        if (manifest.Step < 0)
            return $"has step {manifest.Step}";
        foreach ((string name, PackageFile? file) in manifest.Files)
        {
            if (name is not (ModelName or ConfigName or WeightsName or LicenceName))
                return $"lists '{OneLine.Of(name)}', which is no file of a package";
            long most = name == WeightsName ? MostBytesOfWeights : MostBytes;
            if (file is not { Size: >= 0 } || file.Size > most)
                return $"lists '{name}' with a size that is not from 0 to {most}";
        }

        return
            new[] { ModelName, ConfigName, WeightsName }.FirstOrDefault(name => !manifest.Files.ContainsKey(name)) is { } missing
            ? $"does not list {missing}"
            : null;
    }

    /// <summary>A file of the package, held against its size and hash.</summary>
    private static byte[] Read(ZipArchive zip, PackageManifest manifest, string name)
    {
        PackageFile expected = manifest.Files[name];
        byte[] bytes = Bytes(zip.GetEntry(name) ?? throw new InvalidDataException($"lacks {name}"), expected.Size);
        string found = HashOf(bytes);
        return bytes.Length == expected.Size && found == expected.XxHash128
            ? bytes
            : throw new InvalidDataException(
                $"{name} has {bytes.Length} bytes and hash {found}, expected {expected.Size} and {OneLine.Of(expected.XxHash128)}"
            );
    }

    /// <remarks>Files are stored as they are: none can take more memory than the package has bytes.</remarks>
    private static byte[] Bytes(ZipArchiveEntry entry, long most)
    {
        if (entry.Length > most || entry.Length != entry.CompressedLength)
            throw new InvalidDataException($"{entry.Name} is longer than {most} bytes, or compressed");
        byte[] bytes = new byte[entry.Length];
        using Stream stream = entry.Open();
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static void Add(ZipArchive zip, string name, byte[] bytes)
    {
        ZipArchiveEntry entry = zip.CreateEntry(name, CompressionLevel.NoCompression);
        entry.LastWriteTime = Epoch;
        using Stream stream = entry.Open();
        stream.Write(bytes);
    }

    private static string HashOf(byte[] bytes) => Convert.ToHexStringLower(XxHash128.Hash(bytes));
}
