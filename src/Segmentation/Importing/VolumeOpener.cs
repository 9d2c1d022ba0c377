using UnpairedSegEngine.Imaging.Formats;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>Opens the files of foreign datasets, and knows which files are volumes.</summary>
internal sealed record VolumeOpener
{
    /// <summary>Whether a file or a folder may be opened as a volume.</summary>
    public static bool IsVolume(string path) => !Directory.Exists(path) && VolumeFile.IsVolume(path);

    /// <summary>Names and paths of the volumes in a folder, by name; hidden files are passed over.</summary>
    /// <exception cref="InvalidDataException">Two volumes have one name.</exception>
    public static IReadOnlyList<(string Name, string Path)> In(string folder)
    {
        (string Name, string Path)[] volumes =
        [
            .. Directory
                .EnumerateFileSystemEntries(folder)
                .Where(path => !Path.GetFileName(path).StartsWith('.') && !NiftiPaths.IsVoxels(path) && IsVolume(path))
                .Select(path => (NameOf(path), path))
                .OrderBy(volume => volume.Item1, StringComparer.Ordinal),
        ];
        return
            volumes.GroupBy(volume => volume.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1)
                is { } twice
            ? throw new InvalidDataException(
                $"'{twice.First().Path}' and '{Path.GetFileName(twice.Last().Path)}': two volumes of one name; keep one of them "
                    + "or rename it"
            )
            : volumes;
    }

    /// <summary>A volume's name: that of its file without ending, or of its folder.</summary>
    public static string NameOf(string path) =>
        Path.GetFileName(Directory.Exists(path) ? Path.TrimEndingDirectorySeparator(path) : VolumeFile.Stem(path));

    /// <exception cref="InvalidDataException">No volume that can be read; names the file.</exception>
    public NiftiImage Open(string path) => VolumeFile.Open(path);
}
