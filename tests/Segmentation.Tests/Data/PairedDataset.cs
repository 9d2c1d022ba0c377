using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

/// <summary>A small valid dataset on disk: three cases of four co-registered channels, one organ.</summary>
internal sealed class PairedDataset : IDisposable
{
    public static readonly string[] Names = ["T1", "T1ce", "T2", "FLAIR"];

    private readonly TemporaryFolder folder = new();

    public PairedDataset()
    {
        Directory.CreateDirectory(File("imagesTr"));
        Directory.CreateDirectory(File("labelsTr"));
        WriteManifest(Manifest);
        foreach (string id in (ReadOnlySpan<string>)["a", "b", "c"])
        {
            for (int channel = 0; channel < Names.Length; channel++)
                WriteImage(id, channel);
            NiftiWriter.Write(File($"labelsTr/{id}.nii.gz"), Labels());
        }
    }

    public static string Manifest =>
        """
            {
              "channel_names": { "0": "T1", "1": "T1ce", "2": "T2", "3": "FLAIR" },
              "labels": { "background": 0, "lesion": 1 },
              "file_ending": ".nii.gz",
              "numTraining": 3
            }
            """;

    public string Path => folder.Path;

    public string File(string name) => folder.File(name);

    public string ImagePath(string id, int channel) => File($"imagesTr/{id}_000{channel}.nii.gz");

    public void WriteManifest(string json) => System.IO.File.WriteAllText(File("dataset.json"), json);

    public void WriteImage(string id, int channel, Geometry? grid = null, float first = 0)
    {
        Volume<float> image = Image(id[0], channel, grid ?? SyntheticDataset.GridOf());
        image.Voxels[0] += first;
        NiftiWriter.Write(ImagePath(id, channel), image);
    }

    public SegmentationDataset Open() => SegmentationDataset.Open(Path);

    /// <summary>Every channel has texture and range of its own.</summary>
    public static Volume<float> Image(int phase, int channel, Geometry grid)
    {
        var image = new Volume<float>(grid);
        for (int i = 0; i < image.Voxels.Length; i++)
            image.Voxels[i] = (100 * (channel + 1) * MathF.Sin((i * 0.01f * (channel + 2)) + phase)) + (i % (5 + channel));
        return image;
    }

    public static Volume<byte> Labels()
    {
        var labels = new Volume<byte>(SyntheticDataset.GridOf());
        for (int i = 0; i < labels.Voxels.Length; i++)
        {
            (int x, int y, int z) = (i % 24, i / 24 % 20, i / (24 * 20));
            labels.Voxels[i] = (byte)(x is >= 9 and < 14 && y is >= 6 and < 12 && z is >= 2 and < 5 ? 1 : 0);
        }

        return labels;
    }

    public void Dispose() => folder.Dispose();
}
