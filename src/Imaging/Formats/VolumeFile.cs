using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Formats;

/// <summary>Volumes of several file formats: NIfTI and Analyze, NRRD (.nrrd, .nhdr), MetaImage (.mha, .mhd).</summary>
public static class VolumeFile
{
    private static readonly Dictionary<string, Func<string, NiftiImage>> Readers = new(StringComparer.OrdinalIgnoreCase)
    {
        [".nrrd"] = NrrdFile.Open,
        [".nhdr"] = NrrdFile.Open,
        [".mha"] = MetaImageFile.Open,
        [".mhd"] = MetaImageFile.Open,
    };

    /// <summary>Whether a name ends as a volume's file does.</summary>
    public static bool IsVolume(string path) => NiftiPaths.IsNifti(path) || Readers.ContainsKey(Path.GetExtension(path));

    /// <summary>The path without .nii, .nii.gz, .nrrd, ...</summary>
    public static string Stem(string path) =>
        NiftiPaths.IsNifti(path) ? NiftiPaths.Stem(path)
        : IsVolume(path) ? Path.ChangeExtension(path, null)
        : path;

    /// <summary>Reads a file, whatever its format, as what a NIfTI file of its voxels and grid holds.</summary>
    /// <exception cref="InvalidDataException">No such file, or none that can be read; names file and field.</exception>
    public static NiftiImage Open(string path) =>
        !File.Exists(path)
            ? throw new InvalidDataException(
                Directory.Exists(path) ? $"'{path}': is a folder, expected a file" : $"'{path}': no such file"
            )
        : NiftiPaths.IsNifti(path) ? NiftiFile.Open(path)
        : Readers.TryGetValue(Path.GetExtension(path), out var read) ? read(path)
        : throw new InvalidDataException(
            $"'{path}': its format is not known; known are .nii, .nii.gz, .hdr, .nrrd, .nhdr, .mha and .mhd"
        );
}
