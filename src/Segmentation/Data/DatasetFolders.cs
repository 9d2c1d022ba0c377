using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Pairs the images and labels in a dataset's folders.</summary>
/// <param name="dataset">The dataset's folder.</param>
/// <param name="manifest">Its dataset.json.</param>
/// <param name="problems">What becomes of what is wrong; where that is written down, the case or file is left out.</param>
internal sealed class DatasetFolders(string dataset, DatasetManifest manifest, Problems problems)
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
                .Where(image => problems.Try(() => CaseOf(image).Length > 0, false))
                .GroupBy(CaseOf, StringComparer.Ordinal)
                .Select(files => problems.Try(() => CaseOf(imageFolder, files.Key, [.. files], labels), null))
                .OfType<DatasetCase>()
                .OrderBy(found => found.Id, StringComparer.Ordinal),
        ];
        foreach (DatasetCase unlabelled in cases.Where(found => labelRequired && found.LabelPath is null))
            problems.Add(
                $"case '{unlabelled.Id}': the label file "
                    + $"'{Path.Combine(dataset, labelFolder, unlabelled.Id + manifest.FileEnding)}' is missing"
            );
        HashSet<string> imaged = [.. images.Select(image => Channel.Split(image.Name)?.Case ?? "")];
        foreach (NiftiFolderVolume orphan in labels.Values.Where(label => !imaged.Contains(label.Name)))
            problems.Add($"'{orphan.Path}': a label without its image in {imageFolder}");
        return cases;
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

    /// <summary>Null where something is missing and that was written down.</summary>
    private DatasetCase? CaseOf(string folder, string id, NiftiFolderVolume[] files, Dictionary<string, NiftiFolderVolume> labels)
    {
        Modality? modality = problems.Try(() => manifest.ModalityOf(id), null!);
        var images = new List<ChannelImage>();
        foreach (Channel channel in manifest.Channels)
        {
            if (files.FirstOrDefault(file => file.Name.EndsWith(channel.Suffix, StringComparison.Ordinal)) is { } found)
                images.Add(new ChannelImage(channel, found.Path));
            else
                problems.Add(
                    $"case '{id}': the image file "
                        + $"'{Path.Combine(dataset, folder, id + channel.Suffix + manifest.FileEnding)}' of channel "
                        + $"{channel.Name} is missing"
                );
        }

        return modality is null || images.Count < manifest.Channels.Count
            ? null
            : new DatasetCase(id, modality, images, labels.GetValueOrDefault(id)?.Path, manifest.IgnoredLabel)
            {
                Group = manifest.Groups.Of(id),
            };
    }

    /// <summary>None where there is no such folder.</summary>
    private NiftiFolderVolume[] VolumesOf(string part)
    {
        string path = Path.Combine(dataset, part);
        if (!Directory.Exists(path))
            return [];
        if (problems.Try(() => NiftiFolder.Scan(path), null) is not { } folder)
            return [];
        if (folder.Note is { } note)
            notes.Add(note);
        foreach (
            NiftiFolderVolume other in folder.Volumes.Where(volume =>
                volume.Ending != manifest.FileEnding && !IsHalfOfPair(volume)
            )
        )
            problems.Add(
                $"'{other.Path}': ends in {other.Ending}, but 'file_ending' of {DatasetManifest.FileName} is {manifest.FileEnding}; {(folder.Volumes.All(volume => volume.Ending == other.Ending) ? "correct that" : "convert the file or move it away")}"
            );
        return [.. folder.Volumes];
    }

    /// <summary>An .img without its .hdr: opening it says so.</summary>
    private bool IsHalfOfPair(NiftiFolderVolume volume) =>
        NiftiPaths.IsVoxels(volume.Path) && NiftiPaths.IsHeader(manifest.FileEnding);
}
