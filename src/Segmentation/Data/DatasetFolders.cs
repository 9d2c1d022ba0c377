using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Pairs the images and labels in a dataset's folders.</summary>
/// <param name="dataset">The dataset's folder.</param>
/// <param name="manifest">Its dataset.json.</param>
internal sealed class DatasetFolders(string dataset, DatasetManifest manifest)
{
    private readonly List<string> notes = [];

    /// <summary>What was passed over so far, one line each.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>The cases of a folder of images, sorted by name; none where there is no such folder.</summary>
    /// <exception cref="InvalidDataException">A name or an ending is wrong, a label is missing where they are required, or has no
    /// image.</exception>
    public DatasetCase[] Find(string imageFolder, string labelFolder, bool labelRequired)
    {
        NiftiFolderVolume[] images = VolumesOf(imageFolder);
        if (images.Length == 0)
            return [];
        Dictionary<string, NiftiFolderVolume> labels = VolumesOf(labelFolder)
            .ToDictionary(label => label.Name, StringComparer.Ordinal);
        DatasetCase[] cases =
        [
            .. images
                .GroupBy(CaseOf, StringComparer.Ordinal)
                .Select(files => CaseOf(imageFolder, files.Key, [.. files], labels))
                .OrderBy(found => found.Id, StringComparer.Ordinal),
        ];
        if (labelRequired && cases.FirstOrDefault(found => found.LabelPath is null) is { } unlabelled)
            throw new InvalidDataException(
                $"case '{unlabelled.Id}': the label file "
                    + $"'{Path.Combine(dataset, labelFolder, unlabelled.Id + manifest.FileEnding)}' is missing"
            );
        return labels.Values.FirstOrDefault(label => cases.All(found => found.Id != label.Name)) is { } orphan
            ? throw new InvalidDataException($"'{orphan.Path}': a label without its image in {imageFolder}")
            : cases;
    }

    /// <summary>The case that an image file is of.</summary>
    private string CaseOf(NiftiFolderVolume image)
    {
        IReadOnlyList<Channel> channels = manifest.Channels;
        return Channel.Split(image.Name) is (string id, int number) && number < channels.Count
            ? id
            : throw new InvalidDataException(
                $"'{image.Path}': expected a name of the form CASE{channels[0].Suffix}{manifest.FileEnding} "
                    + (
                        channels.Count == 1
                            ? "(one channel per case)"
                            : $"to CASE{channels[^1].Suffix}{manifest.FileEnding} (channel_names of {DatasetManifest.FileName} "
                                + $"lists {channels.Count} channels)"
                    )
            );
    }

    private DatasetCase CaseOf(string folder, string id, NiftiFolderVolume[] images, Dictionary<string, NiftiFolderVolume> labels)
    {
        ChannelImage ImageOf(Channel channel) =>
            images.FirstOrDefault(image => image.Name.EndsWith(channel.Suffix, StringComparison.Ordinal)) is { } found
                ? new ChannelImage(channel, found.Path)
                : throw new InvalidDataException(
                    $"case '{id}': the image file "
                        + $"'{Path.Combine(dataset, folder, id + channel.Suffix + manifest.FileEnding)}' of channel "
                        + $"{channel.Name} is missing"
                );
        return new DatasetCase(
            id,
            manifest.ModalityOf(id),
            [.. manifest.Channels.Select(ImageOf)],
            labels.GetValueOrDefault(id)?.Path,
            manifest.IgnoredLabel
        );
    }

    /// <summary>None where there is no such folder.</summary>
    private NiftiFolderVolume[] VolumesOf(string part)
    {
        string path = Path.Combine(dataset, part);
        if (!Directory.Exists(path))
            return [];
        NiftiFolder folder = NiftiFolder.Scan(path);
        if (folder.Note is { } note)
            notes.Add(note);
        return folder.Volumes.FirstOrDefault(volume => volume.Ending != manifest.FileEnding && !IsHalfOfPair(volume)) is { } other
            ? throw new InvalidDataException(
                $"'{other.Path}': ends in {other.Ending}, but 'file_ending' of {DatasetManifest.FileName} is {manifest.FileEnding}; {(folder.Volumes.All(volume => volume.Ending == other.Ending) ? "correct that" : "convert the file or move it away")}"
            )
            : [.. folder.Volumes];
    }

    /// <summary>An .img without its .hdr: opening it says so.</summary>
    private bool IsHalfOfPair(NiftiFolderVolume volume) =>
        NiftiPaths.IsVoxels(volume.Path) && NiftiPaths.IsHeader(manifest.FileEnding);
}
