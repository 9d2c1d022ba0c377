namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>A volume in a folder: one file, or a pair.</summary>
/// <param name="Name">The file's name without .nii, .nii.gz, .hdr, ...; unique in its folder whatever the letter case.</param>
/// <param name="Path">The file; of a pair the .hdr, or the .img where the .hdr is missing, which opening it says.</param>
public sealed record NiftiFolderVolume(string Name, string Path)
{
    /// <summary>.nii, .nii.gz, .hdr, ... in small letters.</summary>
    public string Ending => NiftiPaths.EndingOf(Path);
}
