using System.IO.Compression;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Fuzz.Targets;

/// <summary>Packages of models. Half of the mutations change package.json within a valid zip.</summary>
internal sealed class PackageTarget() : FuzzTarget("package")
{
    private const string Manifest = "package.json";

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        Written("model.json", "config.yaml", "weights.safetensors"),
        Written("model.json", "config.yaml", "weights.safetensors", "LICENSE"),
    ];

    public override long Run(byte[] input, string folder)
    {
        string path = Path.Combine(folder, "model.useg");
        File.WriteAllBytes(path, input);
        return ModelPackage.ReadManifest(path).Files.Keys.Sum(name => ModelPackage.ReadText(path, name)?.Length ?? 0);
    }

    public override byte[] Mutate(byte[] input, Mutator mutator) =>
        mutator.Happens(0.5) ? mutator.Bytes(input) : WithManifest(input, mutator) ?? mutator.Bytes(input);

    /// <summary>Null where the input is no zip any more.</summary>
    private static byte[]? WithManifest(byte[] input, Mutator mutator)
    {
        try
        {
            using var stream = new MemoryStream();
            stream.Write(input);
            using (var zip = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true))
            {
                if (zip.GetEntry(Manifest) is not { } entry)
                    return null;
                using var text = new MemoryStream();
                using (Stream old = entry.Open())
                    old.CopyTo(text);
                entry.Delete();
                byte[] changed = JsonMutator.Mutate(text.ToArray(), mutator) ?? mutator.Text(text.ToArray());
                using Stream target = zip.CreateEntry(Manifest, CompressionLevel.NoCompression).Open();
                target.Write(changed);
            }

            return stream.ToArray();
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or ArgumentException)
        {
            return null;
        }
    }

    private static byte[] Written(params string[] names)
    {
        string path = Path.GetTempFileName();
        try
        {
            ModelPackage.Write(
                path,
                new PackageManifest(
                    ModelPackage.Format,
                    "segmentation",
                    "0.1.0",
                    "",
                    7,
                    IsBest: true,
                    "8e76240d8b97a2b43cc9e39e1b76b46b",
                    new Dictionary<string, int> { ["CT"] = 2 },
                    new Dictionary<string, double> { ["mean_dice"] = 0.5 },
                    new Dictionary<string, PackageFile>()
                ),
                names.ToDictionary(name => name, name => System.Text.Encoding.UTF8.GetBytes($"the {name}"))
            );
            return File.ReadAllBytes(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
