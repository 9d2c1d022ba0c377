using System.IO.Enumeration;
using System.Text.Json;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>
/// nnU-Net v2's layout, our own among it: to join a dataset of CT and one of MR, or to convert another file format.
/// </summary>
internal sealed class NnUnetFormat : IImportFormat
{
    public string Description => "nnU-Net v2 (dataset.json with channel_names)";

    public bool IsIn(string path) => ForeignManifest.Has(path, "channel_names");

    public ImportSource Read(string path, ImportOptions options)
    {
        var manifest = new ForeignManifest(path);
        IReadOnlyList<string> channels = manifest.Channels("channel_names");
        string ending = manifest.Text("file_ending");
        var notes = new List<string>();
        ImportCase[] cases = [.. In("imagesTr", "labelsTr", ImportPart.Train), .. In("imagesTs", "labelsTs", ImportPart.Test)];
        string splits = Path.Combine(path, SplitFile.FileName);
        return new ImportSource(path, "nnU-Net v2", cases)
        {
            Labels = manifest.Labels(isNameFirst: true),
            Channels = channels,
            Folds = File.Exists(splits)
                ? [.. Enumerable.Range(0, SplitFile.CountFolds(splits)).Select(fold => SplitFile.ReadFold(splits, fold))]
                : [],
            Notes = notes,
        };

        IEnumerable<ImportCase> In(string images, string labels, ImportPart part)
        {
            string folder = Path.Combine(path, images),
                ofLabels = Path.Combine(path, labels);
            if (!Directory.Exists(folder))
                return [];
            (string Name, string Path)[] volumes =
            [
                .. VolumeOpener.In(folder).Where(volume => volume.Path.EndsWith(ending, StringComparison.OrdinalIgnoreCase)),
            ];
            return from volume in volumes
                let name = Channel.Split(volume.Name)
                where name is not null && name.Value.Number < channels.Count
                group volume by name.Value.Case into files
                select new ImportCase(
                    files.Key,
                    [
                        .. Enumerable
                            .Range(0, channels.Count)
                            .Select(channel => Path.Combine(folder, files.Key + Channel.SuffixOf(channel) + ending)),
                    ],
                    File.Exists(Path.Combine(ofLabels, files.Key + ending)) || part != ImportPart.Test
                        ? Path.Combine(ofLabels, files.Key + ending)
                        : null,
                    $"'{folder}'"
                )
                {
                    Part = part,
                    Modality = ModalityOf(manifest, files.Key) ?? manifest.ModalityOfChannels(channels),
                    Group = GroupOf(manifest, files.Key),
                };
        }
    }

    private static string? ModalityOf(ForeignManifest manifest, string id) =>
        manifest
            .Lists("domains")
            .FirstOrDefault(domain =>
                domain.Value.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, id, ignoreCase: false))
            )
            .Key;

    private static string? GroupOf(ForeignManifest manifest, string id) =>
        manifest.Lists("groups").FirstOrDefault(group => group.Value.Contains(id)).Key;
}
