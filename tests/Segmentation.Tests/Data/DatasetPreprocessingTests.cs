using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

internal sealed class DatasetPreprocessingTests
{
    [Test]
    public void A_copy_has_the_spacing_and_the_record_leads_back()
    {
        using var data = new SyntheticDataset();
        string target = data.File("copy");
        DatasetPreprocessing.Run(data.Open(), target, new Vector3d(0.75, 0.75, 2), 2, (_, _) => { });
        SegmentationDataset copy = SegmentationDataset.Open(target);
        Assert.That(copy.Cases, Has.Count.EqualTo(6));
        DatasetCase first = copy.Cases[0];
        Geometry geometry = NiftiFile.Open(first.ImagePaths[0]).Geometry,
            original = NiftiFile.Open(data.ImagePath("ct_0")).Geometry;
        Assert.That(geometry.ToString(), Is.EqualTo("48x40x14 LAS at (0.75, 0.75, 2) mm"));

        Geometry recorded = PreprocessingRecord.OriginalOf(first.ImagePaths[0], "ct_0")!;
        Assert.That(recorded.Matches(original, out string difference), difference);
        Volume<byte> restored = PreprocessingRecord.Restore(NiftiFile.Open(first.LabelPath!).ToLabelVolume(), recorded);
        Assert.That(
            restored.Voxels,
            Is.EqualTo(NiftiFile.Open(data.LabelPath("ct_0")).ToLabelVolume().Voxels),
            "voxels of half the size return exactly"
        );
        Assert.That(PreprocessingRecord.OriginalOf(data.ImagePath("ct_0"), "ct_0"), Is.Null, "not of a preprocessed dataset");
    }

    [Test]
    public void An_interrupted_copy_goes_on_with_what_is_missing()
    {
        using var data = new SyntheticDataset();
        string target = data.File("copy");
        using var stop = new CancellationTokenSource();
        Assert.That(
            () =>
                DatasetPreprocessing.Run(
                    data.Open(),
                    target,
                    new Vector3d(1, 1, 4),
                    1,
                    (done, _) =>
                    {
                        if (done == 2)
                            stop.Cancel();
                    },
                    stop.Token
                ),
            Throws.InstanceOf<OperationCanceledException>()
        );
        Assert.That(() => SegmentationDataset.Open(target), Throws.TypeOf<InvalidDataException>());
        string[] written = Directory.GetFiles(Path.Combine(target, "imagesTr"));
        Assert.That(written, Has.Length.EqualTo(2));
        DateTime before = File.GetLastWriteTimeUtc(written[0]);

        DatasetPreprocessing.Run(data.Open(), target, new Vector3d(1, 1, 4), 1, (_, _) => { });
        Assert.That(SegmentationDataset.Open(target).Cases, Has.Count.EqualTo(6));
        Assert.That(File.GetLastWriteTimeUtc(written[0]), Is.EqualTo(before));
        Assert.That(
            () => DatasetPreprocessing.Run(data.Open(), target, new Vector3d(2, 1, 4), 1, (_, _) => { }),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("was begun with the spacing 1 x 1 x 4")
        );
    }

    [Test]
    public void Whole_numbers_stay_whole_where_that_is_asked_for()
    {
        using var data = new SyntheticDataset();
        data.WriteCase("ct_0", image => Fill(image, i => (i * 37 % 900) - 400));
        data.WriteCase("ct_1", image => Fill(image, i => i + 0.5f));
        data.WriteCase("ct_2", image => Fill(image, i => i * 100));
        var spacing = new Vector3d(1, 1, 4);
        string exact = data.File("exact"),
            whole = data.File("whole");
        DatasetPreprocessing.Run(data.Open(), exact, spacing, 1, (_, _) => { });
        DatasetPreprocessing.Run(data.Open(), whole, spacing, 1, (_, _) => { }, wholeNumbers: true);

        Assert.That(TypeOf(whole, "ct_0"), Is.EqualTo(NiftiDataType.Int16));
        Assert.That(TypeOf(whole, "ct_1"), Is.EqualTo(NiftiDataType.Float32), "fractions");
        Assert.That(TypeOf(whole, "ct_2"), Is.EqualTo(NiftiDataType.Float32), "beyond int16");
        Assert.That(TypeOf(exact, "ct_0"), Is.EqualTo(NiftiDataType.Float32));
        Assert.That(Image(whole, "ct_0").Voxels, Is.EqualTo(Image(exact, "ct_0").Voxels.Select(value => MathF.Round(value))));
        Assert.That(Image(whole, "ct_1").Voxels, Is.EqualTo(Image(exact, "ct_1").Voxels));
        Assert.That(
            () => DatasetPreprocessing.Run(data.Open(), whole, spacing, 1, (_, _) => { }),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("was begun with whole numbers")
        );

        static void Fill(Volume<float> image, Func<int, float> value)
        {
            for (int i = 0; i < image.Voxels.Length; i++)
                image.Voxels[i] = value(i);
        }

        static NiftiImage Open(string folder, string id) => NiftiFile.Open(Path.Combine(folder, "imagesTr", $"{id}_0000.nii.gz"));
        static NiftiDataType TypeOf(string folder, string id) => Open(folder, id).Header.DataType;
        static Volume<float> Image(string folder, string id) => Open(folder, id).ToFloatVolume();
    }

    [Test]
    public void A_folder_of_something_else_is_left_alone()
    {
        using var data = new SyntheticDataset();
        Assert.That(
            () => DatasetPreprocessing.Run(data.Open(), data.Path, new Vector3d(1, 1, 1), 1, (_, _) => { }),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("exists and is not empty")
        );
    }

    [Test]
    public void The_median_spacing_is_that_of_most_cases()
    {
        using var data = new SyntheticDataset();
        Assert.That(DatasetPreprocessing.MedianSpacing(data.Open().Cases), Is.EqualTo(new Vector3d(1.5, 1.5, 4)));
    }

    [TestCase("{")]
    [TestCase("{}")]
    [TestCase("""{"spacing": [1, 1], "axes": "LAS", "cases": {}}""")]
    public void A_damaged_record_is_refused_by_name(string json)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(PreprocessingRecord.FileName), json);
        Assert.That(
            () => PreprocessingRecord.Find(folder.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("preprocessing.json")
        );
    }
}
