namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>Which files belong to a NIfTI name: X.nii, X.nii.gz, or the pair X.hdr and X.img, each possibly gzipped.</summary>
public static class NiftiPaths
{
    private static readonly string[] SingleEndings = [".nii", ".nii.gz"];
    private static readonly string[] PairEndings = [".hdr", ".img", ".hdr.gz", ".img.gz"];

    /// <summary>Whether the name ends as a NIfTI or Analyze file does.</summary>
    public static bool IsNifti(string path) => SingleEndings.Any(path.HasEnding) || IsPair(path);

    /// <summary>Whether the name is the .hdr or .img of a pair.</summary>
    public static bool IsPair(string path) => PairEndings.Any(path.HasEnding);

    /// <summary>The header's file: the .hdr of an .img, else the path itself.</summary>
    /// <exception cref="InvalidDataException">The .hdr is missing.</exception>
    internal static string HeaderFile(string path) =>
        path.HasEnding(".img") || path.HasEnding(".img.gz") ? Partner(path, ".hdr") : path;

    /// <summary>The voxels' file of a .hdr.</summary>
    /// <exception cref="InvalidDataException">The .img is missing, also when a .nii says in its magic that it has
    /// one.</exception>
    internal static string ImageFile(string headerPath) => Partner(headerPath, ".img");

    /// <summary>The file name without .nii, .nii.gz, .hdr, ...</summary>
    public static string Stem(string path)
    {
        var ending = SingleEndings.Concat(PairEndings).Where(path.HasEnding).MaxBy(e => e.Length) ?? "";
        return path[..^ending.Length];
    }

    private static string Partner(string path, string ending)
    {
        string[] candidates = [Stem(path) + ending, Stem(path) + ending + ".gz", Stem(path) + ending.ToUpperInvariant()];
        return candidates.FirstOrDefault(File.Exists)
            ?? throw new InvalidDataException(
                $"{path}: its {ending} file is missing, expected {candidates[0]} (or .gz) beside it");
    }

    private static bool HasEnding(this string path, string ending) => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase);
}
