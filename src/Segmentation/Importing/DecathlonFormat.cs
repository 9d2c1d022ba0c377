using System.Text.Json;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>
/// The Medical Segmentation Decathlon's layout, in which one 4D file holds all channels of a case, and that of nnU-Net v1, whose
/// dataset.json is the same and whose images have a file for each channel.
/// </summary>
internal sealed class DecathlonFormat : IImportFormat
{
    public string Description => "Medical Segmentation Decathlon or nnU-Net v1 (dataset.json with modality and training)";

    public bool IsIn(string path) => ForeignManifest.Has(path, "training") && ForeignManifest.Has(path, "modality");

    public ImportSource Read(string path, ImportOptions options)
    {
        var manifest = new ForeignManifest(path);
        IReadOnlyList<string> channels = manifest.Channels("modality");
        string? modality = manifest.ModalityOfChannels(channels) ?? (channels is [var one] ? one : null);
        var files = new HashSet<bool>();
        ImportCase[] cases =
        [
            .. manifest
                .Required("training", JsonValueKind.Array)
                .EnumerateArray()
                .Select((entry, i) => Training(entry, $"training[{i}]")),
            .. (manifest.Optional("test", JsonValueKind.Array)?.EnumerateArray() ?? []).Select(
                (entry, i) => Case(ImageOf(entry, $"test[{i}]"), null, $"test[{i}]") with { Part = ImportPart.Test }
            ),
        ];
        return new ImportSource(
            path,
            files.Contains(true) ? "nnU-Net v1" : "Medical Segmentation Decathlon",
            [.. cases.Select(found => found with { Modality = modality })]
        )
        {
            Labels = manifest.Labels(isNameFirst: false),
            Channels = channels,
        };

        ImportCase Training(JsonElement entry, string where) =>
            Case(
                ImageOf(entry, where),
                entry.ValueKind == JsonValueKind.Object
                && entry.TryGetProperty("label", out JsonElement label)
                && label.ValueKind == JsonValueKind.String
                    ? label.GetString()!
                    : throw manifest.Bad($"{where} has no label"),
                where
            );

        string ImageOf(JsonElement entry, string where) =>
            entry.ValueKind == JsonValueKind.String ? entry.GetString()!
            : entry.ValueKind == JsonValueKind.Object
            && entry.TryGetProperty("image", out JsonElement image)
            && image.ValueKind == JsonValueKind.String
                ? image.GetString()!
            : throw manifest.Bad($"{where} has no image");

        ImportCase Case(string image, string? label, string where)
        {
            string file = Within(image, where);
            string stem = NiftiPaths.Stem(file),
                ending = NiftiPaths.EndingOf(file);
            bool isSplit = !File.Exists(file) && File.Exists(stem + Channel.SuffixOf(0) + ending);
            files.Add(isSplit);
            return new ImportCase(
                Path.GetFileName(stem),
                isSplit
                    ? [.. Enumerable.Range(0, channels.Count).Select(channel => stem + Channel.SuffixOf(channel) + ending)]
                    : [file],
                label is null ? null : Within(label, where),
                $"'{Path.Combine(path, DatasetManifest.FileName)}', {where}"
            );
        }

        // A foreign list may name any file of the machine.
        string Within(string name, string where)
        {
            string[] parts = [.. name.Split('/').Where(part => part is not ("." or ""))];
            return parts.Length > 0 && !name.StartsWith('/') && parts.All(FileName.IsPlain)
                ? Path.Combine([path, .. parts])
                : throw manifest.Bad($"{where} names '{name}', which is no file within the dataset's folder");
        }
    }
}
