using System.Globalization;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Formats;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>Opens the files and folders of slices of foreign datasets, and knows which of them are volumes.</summary>
/// <param name="Spacing">Of PNG slices, mm, where a case names no other; null where it was not given.</param>
internal sealed record VolumeOpener(Vector3d? Spacing = null)
{
    /// <summary>Whether a file or a folder of slices may be opened as a volume.</summary>
    public static bool IsVolume(string path) =>
        Directory.Exists(path) ? PngStack.IsIn(path) || DicomConverter.IsSeries(path) : VolumeFile.IsVolume(path);

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

    /// <summary>What a path is, such as ".nrrd" or "PNG slices".</summary>
    public static string KindOf(string path) =>
        Directory.Exists(path) ? (PngStack.IsIn(path) ? "PNG slices" : "DICOM")
        : NiftiPaths.EndingOf(path) is { Length: > 0 } ending ? ending
        : Path.GetExtension(path);

    /// <summary>"0.7 0.7 3", also with commas: above 0, in mm.</summary>
    public static Vector3d? ParseSpacing(string text) =>
        VoxelSpacing.TryParse(
            string.Join(',', text.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)),
            CultureInfo.InvariantCulture,
            out VoxelSpacing spacing
        ) && spacing is { X: > 0, Y: > 0, Z: > 0 }
            ? new Vector3d(spacing.X, spacing.Y, spacing.Z)
            : null;

    /// <summary>Reads a volume.</summary>
    /// <param name="path">A file, or a folder with the slices of one volume.</param>
    /// <param name="spacing">That the case names for PNG slices; null for the usual one.</param>
    /// <exception cref="InvalidDataException">No volume that can be read; names the file.</exception>
    /// <exception cref="UsageException">PNG slices, and nothing says their spacing.</exception>
    public NiftiImage Open(string path, Vector3d? spacing = null)
    {
        if (!Directory.Exists(path))
            return VolumeFile.Open(path);
        if (PngStack.IsIn(path))
            return PngStack.Open(
                path,
                spacing
                    ?? Spacing
                    ?? throw new UsageException(
                        $"'{path}': PNG slices say nothing of their spacing; give it with --spacing 0.7,0.7,3 (width, height and "
                            + "distance of slices in mm), or in a column spacing"
                    )
            );
        return DicomConverter.IsSeries(path)
            ? DicomConverter.Open(path)
            : throw new InvalidDataException($"'{path}': is a folder without PNG or DICOM files, expected a volume");
    }
}
