using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>A case to predict.</summary>
/// <param name="Paths">Its files, one for each channel that the network sees.</param>
/// <param name="Case">The files' name without ending and without nnU-Net's channel number, as nnU-Net names predictions.</param>
internal sealed record PredictionInput(IReadOnlyList<string> Paths, string Case)
{
    private const int FirstChannel = 0;

    /// <summary>The file that names the case in messages.</summary>
    public string Path => Paths[0];

    /// <summary>Why the case cannot be predicted; null where all files are there.</summary>
    private string? Problem { get; init; }

    /// <summary>Those of the files, where they carry numbers of channels; null where the file alone names the case.</summary>
    private IReadOnlyList<Channel>? Channels { get; init; }

    /// <summary>A file, or the cases of a folder by name.</summary>
    /// <param name="path">File or folder.</param>
    /// <param name="channels">Those that the network sees; null where its cases have one image.</param>
    /// <param name="note">Is told what was passed over.</param>
    /// <exception cref="InvalidDataException">Nothing is there, or two files lead to one result.</exception>
    /// <exception cref="UsageException">A file where several are needed.</exception>
    public static PredictionInput[] Find(string path, IReadOnlyList<Channel>? channels, Action<string> note)
    {
        if (File.Exists(path))
            return channels is null or [_]
                ? [Of(path)]
                : throw new UsageException(
                    $"--in '{path}': the run sees {channels.Count} channels ({OneLine.Of(Channel.Names(channels))}); give a "
                        + $"folder with {string.Join(", ", channels.Select(channel => $"CASE{channel.Suffix}.nii.gz"))}"
                );
        if (!Directory.Exists(path))
            throw new InvalidDataException($"--in '{path}': no such file or folder");
        NiftiFolder folder = NiftiFolder.ScanSome(path);
        if (folder.Note is { } passedOver)
            note(passedOver);
        PredictionInput[] inputs = channels is null
            ? [.. folder.Volumes.Select(volume => Of(volume.Path))]
            : [.. folder.Volumes.GroupBy(CaseOf, StringComparer.Ordinal).Select(files => Of(files.Key, [.. files], channels))];
        return
            inputs
                .GroupBy(input => input.Case, StringComparer.OrdinalIgnoreCase)
                .FirstOrDefault(group => group.Count() > 1)
                ?.ToArray()
                is [var first, var second, ..]
            ? throw new InvalidDataException(
                $"'{first.Path}' and '{System.IO.Path.GetFileName(second.Path)}': both results would be named "
                    + $"{first.Case}.nii.gz; rename one, or predict them into folders of their own"
            )
            : inputs;
    }

    /// <summary>Reads its volumes.</summary>
    /// <exception cref="InvalidDataException">A file is missing or damaged, or the grids of channels differ.</exception>
    public LoadedCase Read(Modality modality) =>
        Problem is not null ? throw new InvalidDataException(Problem)
        : Channels is null ? CaseReader.ReadUnlabelled(Path, modality)
        : CaseReader.ReadUnlabelled(Case, Paths, modality) with { ChannelNames = [.. Channels.Select(channel => channel.Name)] };

    private static PredictionInput Of(string path)
    {
        string stem = System.IO.Path.GetFileName(NiftiPaths.Stem(path));
        return new PredictionInput([path], Channel.Split(stem) is (string id, FirstChannel) ? id : stem);
    }

    private static string CaseOf(NiftiFolderVolume volume) =>
        Channel.Split(volume.Name)?.Case
        ?? throw new InvalidDataException(
            $"'{volume.Path}': expected a name of the form CASE{Channel.SuffixOf(FirstChannel)}{volume.Ending}: the run was "
                + "trained on cases of several channels"
        );

    private static PredictionInput Of(string id, NiftiFolderVolume[] files, IReadOnlyList<Channel> channels)
    {
        string folder = System.IO.Path.GetDirectoryName(files[0].Path)!;
        string PathOf(Channel channel) =>
            files.FirstOrDefault(file => file.Name == id + channel.Suffix)?.Path
            ?? System.IO.Path.Combine(folder, id + channel.Suffix + files[0].Ending);
        return new PredictionInput([.. channels.Select(PathOf)], id)
        {
            Channels = channels,
            Problem = channels.FirstOrDefault(channel => !files.Any(file => file.Name == id + channel.Suffix)) is { } missing
                ? $"case '{id}': the image file '{PathOf(missing)}' of channel {missing.Name} is missing"
                : null,
        };
    }
}
