namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>
/// The volumes of a folder. Hidden files are passed over, among them macOS's ._NAME and what an interrupted program left; so are
/// subfolders and what is no NIfTI file.
/// </summary>
public sealed class NiftiFolder
{
    /// <summary>How deep empty folders are searched to tell where the volumes are.</summary>
    private const int DeepestSearch = 3;

    private NiftiFolder(string path, NiftiFolderVolume[] volumes, int others) =>
        (Path, Volumes, Others) = (path, volumes, others);

    /// <summary>The folder, as it was given.</summary>
    public string Path { get; }

    /// <summary>By name, in ordinal order.</summary>
    public IReadOnlyList<NiftiFolderVolume> Volumes { get; }

    /// <summary>Files that are neither NIfTI nor hidden.</summary>
    public int Others { get; }

    /// <summary>What was passed over, for a person; null where nothing was.</summary>
    public string? Note =>
        Others == 0 ? null : $"'{Path}': {(Others == 1 ? "1 file that is" : $"{Others} files that are")} no NIfTI left out";

    /// <summary>Lists a folder. Nothing is opened: links may lead nowhere and pairs lack a half.</summary>
    /// <exception cref="InvalidDataException">No such folder, or two files are volumes of one name.</exception>
    public static NiftiFolder Scan(string path)
    {
        if (!Directory.Exists(path))
            throw new InvalidDataException(
                File.Exists(path) ? $"'{path}': is a file, expected a folder" : $"'{path}': no such folder"
            );
        string[] files =
        [
            .. Directory
                .EnumerateFiles(path)
                .Where(file => !System.IO.Path.GetFileName(file).StartsWith('.'))
                .Order(StringComparer.Ordinal),
        ];
        string[] nifti = [.. files.Where(NiftiPaths.IsNifti)];
        return new NiftiFolder(
            path,
            [
                .. nifti
                    .GroupBy(NameOf, StringComparer.OrdinalIgnoreCase)
                    .Select(group => VolumeOf([.. group]))
                    .OrderBy(volume => volume.Name, StringComparer.Ordinal),
            ],
            files.Length - nifti.Length
        );
    }

    /// <summary>The same, of a folder that must hold a volume.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Scan"/>, or there is none; where subfolders have some, it says
    /// so.</exception>
    public static NiftiFolder ScanSome(string path)
    {
        NiftiFolder folder = Scan(path);
        if (folder.Volumes.Count > 0)
            return folder;
        string others = folder.Others > 0 ? $"; it has {folder.Others} other file{(folder.Others == 1 ? "" : "s")}" : "";
        string below = FolderBelowWithVolumes(path) is { } subfolder
            ? $"; there are volumes in its subfolder '{subfolder}', name that instead"
            : "";
        throw new InvalidDataException($"'{path}': has no .nii, .nii.gz or .hdr file{others}{below}");
    }

    private static NiftiFolderVolume VolumeOf(string[] files)
    {
        string[] headers = [.. files.Where(NiftiPaths.IsHeader)],
            voxels = [.. files.Where(NiftiPaths.IsVoxels)],
            singles = [.. files.Except(headers).Except(voxels)];
        string[] rivals =
            headers.Length > 1 ? headers
            : voxels.Length > 1 ? voxels
            : [.. singles, .. headers.Concat(voxels).Take(1)];
        if (rivals.Length > 1)
            throw new InvalidDataException(
                $"'{rivals[0]}' and '{System.IO.Path.GetFileName(rivals[1])}': two volumes of one name; keep one of them "
                    + "or rename it"
            );
        string file = headers.FirstOrDefault() ?? files[0];
        return new NiftiFolderVolume(NameOf(file), file);
    }

    private static string NameOf(string file) => System.IO.Path.GetFileName(NiftiPaths.Stem(file));

    private static string? FolderBelowWithVolumes(string path)
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = DeepestSearch,
            IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint,
        };
        return Directory
            .EnumerateFiles(path, "*", options)
            .Where(NiftiPaths.IsNifti)
            .Select(file => System.IO.Path.GetRelativePath(path, System.IO.Path.GetDirectoryName(file)!))
            .Order(StringComparer.Ordinal)
            .FirstOrDefault();
    }
}
