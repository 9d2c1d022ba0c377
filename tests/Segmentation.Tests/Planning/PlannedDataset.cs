using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Planning;

/// <summary>
/// Volumes whose figures are known: CT of 4 mm slices on the Hounsfield scale, MR of 8 mm slices on none. A box of 10 x 10 x
/// 4 voxels is an organ.
/// </summary>
internal sealed class PlannedDataset : IDisposable
{
    public const int Side = 40,
        Slices = 16;

    /// <summary>Intensities of the organ's voxels: 30, 31, ... and so on up to this many.</summary>
    public const int Levels = 100;

    private readonly string folder = Directory.CreateTempSubdirectory("planned-").FullName;

    public PlannedDataset(int cases = 2, int slices = Slices)
    {
        foreach (string part in (string[])["imagesTr", "labelsTr"])
            Directory.CreateDirectory(Path.Combine(folder, part));
        for (int i = 0; i < cases; i++)
        {
            Write($"ct_{i}", 4, slices, air: -1000, low: 30);
            Write($"mr_{i}", 8, slices, air: 0, low: 500);
        }

        File.WriteAllText(
            Path.Combine(folder, "dataset.json"),
            """
            {"channel_names": {"0": "x"}, "labels": {"background": 0, "organ": 1, "nowhere": 2}, "file_ending": ".nii",
             "domains": {"T": ["ct_*"], "MR": ["mr_*"]}}
            """
        );
        File.WriteAllText(
            Path.Combine(folder, "splits_final.json"),
            $$"""[{"train": [{{string.Join(", ", Enumerable.Range(0, cases).Select(i => $"\"ct_{i}\", \"mr_{i}\""))}}], "val": []}]"""
        );
        Dataset = SegmentationDataset.Open(folder);
    }

    public SegmentationDataset Dataset { get; }

    public string PathOf(string name) => Path.Combine(folder, name);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private void Write(string name, double distance, int slices, short air, short low)
    {
        var geometry = new Geometry(
            Side,
            Side,
            slices,
            new Affine(new Vector3d(-2, 0, 0), new Vector3d(0, 2, 0), new Vector3d(0, 0, distance), default)
        );
        var image = new Volume<short>(geometry);
        var labels = new Volume<byte>(geometry);
        image.Voxels.AsSpan().Fill(air);
        for (int z = 6, n = 0; z < 10; z++)
        {
            for (int y = 10; y < 20; y++)
            {
                for (int x = 10; x < 20; x++, n++)
                {
                    int at = (((z * Side) + y) * Side) + x;
                    (image.Voxels[at], labels.Voxels[at]) = ((short)(low + (n % Levels)), 1);
                }
            }
        }

        NiftiWriter.Write(PathOf($"imagesTr/{name}_0000.nii"), image);
        NiftiWriter.Write(PathOf($"labelsTr/{name}.nii"), labels);
    }
}
