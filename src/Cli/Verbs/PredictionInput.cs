using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>A volume to predict.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Case">The file's name without ending and without nnU-Net's channel number, as nnU-Net names predictions.</param>
internal sealed record PredictionInput(string Path, string Case)
{
    private const string FirstChannel = "_0000";

    /// <summary>A file, or the volumes of a folder by name.</summary>
    /// <param name="path">File or folder.</param>
    /// <param name="note">Is told what was passed over.</param>
    /// <exception cref="InvalidDataException">Nothing is there, or two files lead to one result.</exception>
    public static PredictionInput[] Find(string path, Action<string> note)
    {
        if (File.Exists(path))
            return [Of(path)];
        if (!Directory.Exists(path))
            throw new InvalidDataException($"--in '{path}': no such file or folder");
        NiftiFolder folder = NiftiFolder.ScanSome(path);
        if (folder.Note is { } passedOver)
            note(passedOver);
        PredictionInput[] inputs = [.. folder.Volumes.Select(volume => Of(volume.Path))];
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

    private static PredictionInput Of(string path)
    {
        string stem = System.IO.Path.GetFileName(NiftiPaths.Stem(path));
        return new PredictionInput(
            path,
            stem.EndsWith(FirstChannel, StringComparison.Ordinal) && stem.Length > FirstChannel.Length
                ? stem[..^FirstChannel.Length]
                : stem
        );
    }
}
