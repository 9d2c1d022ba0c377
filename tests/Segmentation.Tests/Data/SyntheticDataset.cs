using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

/// <summary>A small valid dataset on disk, three cases per modality and two organs, for tests to use or to break.</summary>
internal sealed class SyntheticDataset : IDisposable
{
    public const int Width = 24,
        Height = 20,
        Slices = 7;

    private readonly TemporaryFolder folder = new();

    public SyntheticDataset()
    {
        Directory.CreateDirectory(File("imagesTr"));
        Directory.CreateDirectory(File("labelsTr"));
        WriteManifest(Manifest);
        foreach (string id in (ReadOnlySpan<string>)["ct_0", "ct_1", "ct_2", "mr_0", "mr_1", "mr_2"])
            WriteCase(id);
    }

    public static string Manifest =>
        """
            {
              "channel_names": { "0": "intensity" },
              "labels": { "background": 0, "liver": 1, "spleen": 2 },
              "file_ending": ".nii.gz",
              "numTraining": 6,
              "domains": { "CT": ["ct_*"], "MR": ["mr_0", "mr_1", "mr_2"] }
            }
            """;

    public string Path => folder.Path;

    public string File(string name) => folder.File(name);

    public string ImagePath(string id) => File($"imagesTr/{id}_0000.nii.gz");

    public string LabelPath(string id) => File($"labelsTr/{id}.nii.gz");

    public void WriteManifest(string json) => System.IO.File.WriteAllText(File("dataset.json"), json);

    public void WriteSplits(string json) => System.IO.File.WriteAllText(File("splits_final.json"), json);

    /// <summary>Writes an image and a label whose organs are boxes in the slices 2 to 4 (liver) and 4 to 5 (spleen).</summary>
    public void WriteCase(string id, Action<Volume<float>>? changeImage = null, Action<Volume<byte>>? changeLabel = null)
    {
        Geometry geometry = GridOf();
        var (image, label) = (new Volume<float>(geometry), new Volume<byte>(geometry));
        for (int i = 0; i < image.Voxels.Length; i++)
        {
            (int x, int y, int z) = (i % Width, i / Width % Height, i / (Width * Height));
            label.Voxels[i] = (x, y, z) switch
            {
                (>= 4 and < 12, >= 6 and < 14, >= 2 and <= 4) => 1,
                (>= 14 and < 18, >= 6 and < 10, >= 4 and <= 5) => 2,
                _ => 0,
            };
            image.Voxels[i] = (100 * label.Voxels[i]) + x + (0.1f * y) + (10 * z);
        }
        changeImage?.Invoke(image);
        changeLabel?.Invoke(label);
        NiftiWriter.Write(ImagePath(id), image);
        NiftiWriter.Write(LabelPath(id), label);
    }

    public static Geometry GridOf(int slices = Slices, double originX = 0) =>
        new(Width, Height, slices, Affine.Diagonal(new Vector3d(-1.5, 1.5, 4), new Vector3d(originX, 0, 0)));

    public SegmentationDataset Open() => SegmentationDataset.Open(Path);

    public static PreprocessingSettings Settings(int size = 16) =>
        new(new SampleShape(size, size, 3), [IntensityNormalization.Window(0, 300), IntensityNormalization.ZScore]);

    public CaseCache Load(int threads = 1, int size = 16)
    {
        SegmentationDataset dataset = Open();
        return CaseCache.Load(dataset.Cases, dataset, Settings(size), threads);
    }

    public void Dispose() => folder.Dispose();
}
