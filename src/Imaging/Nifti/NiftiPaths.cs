namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>
/// Which files belong to a NIfTI name: X.nii, X.nii.gz, or the pair X.hdr and X.img, each possibly gzipped. Letter case of
/// endings does not matter.
/// </summary>
public static class NiftiPaths
{
    private static readonly string[] SingleEndings = [".nii", ".nii.gz"];
    private static readonly string[] HeaderEndings = [".hdr", ".hdr.gz"];
    private static readonly string[] VoxelEndings = [".img", ".img.gz"];
    private static readonly string[] Endings = [.. SingleEndings, .. HeaderEndings, .. VoxelEndings];

    /// <summary>Whether the name ends as a NIfTI or Analyze file does.</summary>
    public static bool IsNifti(string path) => EndingOf(path).Length > 0;

    /// <summary>Whether the name is the .hdr or .img of a pair.</summary>
    public static bool IsPair(string path) => IsHeader(path) || IsVoxels(path);

    /// <summary>Whether the name is the .hdr of a pair.</summary>
    public static bool IsHeader(string path) => HeaderEndings.Contains(EndingOf(path));

    /// <summary>Whether the name is the .img of a pair.</summary>
    public static bool IsVoxels(string path) => VoxelEndings.Contains(EndingOf(path));

    /// <summary>.nii, .nii.gz, .hdr, ... in small letters; empty where the name is not of a NIfTI file.</summary>
    public static string EndingOf(string path) =>
        Endings.Where(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase)).MaxBy(ending => ending.Length) ?? "";

    /// <summary>The path without .nii, .nii.gz, .hdr, ...</summary>
    public static string Stem(string path) => path[..^EndingOf(path).Length];

    /// <summary>The header's file: the .hdr of an .img, else the path itself.</summary>
    /// <exception cref="InvalidDataException">The .hdr is missing.</exception>
    internal static string HeaderFile(string path) => IsVoxels(path) ? Partner(path, HeaderEndings) : path;

    /// <summary>The voxels' file of a .hdr.</summary>
    /// <exception cref="InvalidDataException">The .img is missing, also when a .nii says in its magic that it has
    /// one.</exception>
    internal static string ImageFile(string headerPath) => Partner(headerPath, VoxelEndings);

    /// <remarks>The usual names first: a folder may hold many files.</remarks>
    private static string Partner(string path, string[] endings) =>
        endings.Select(ending => Stem(path) + ending).FirstOrDefault(File.Exists)
        ?? InOtherLetters(path, endings)
        ?? throw new InvalidDataException(
            $"{path}: its {endings[0]} file is missing, expected {Stem(path) + endings[0]} (or .gz) beside it"
        );

    private static string? InOtherLetters(string path, string[] endings) =>
        Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && Directory.Exists(folder)
            ? Directory
                .EnumerateFiles(folder)
                .Where(file => Path.GetFileName(Stem(file)) == Path.GetFileName(Stem(path)) && endings.Contains(EndingOf(file)))
                .Order(StringComparer.Ordinal)
                .FirstOrDefault()
            : null;
}
