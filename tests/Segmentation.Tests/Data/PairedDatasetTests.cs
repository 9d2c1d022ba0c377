using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

/// <summary>Datasets whose cases have several channels, from the folder to what a model is told.</summary>
[TestFixture]
public class PairedDatasetTests
{
    private PairedDataset data = null!;

    [SetUp]
    public void CreateDataset() => data = new PairedDataset();

    [TearDown]
    public void DeleteDataset() => data.Dispose();

    [Test]
    public void Open_FindsChannelsInOrderAndOneModality()
    {
        SegmentationDataset dataset = data.Open();
        Assert.That(dataset.Modalities, Is.EqualTo(new[] { new Modality("paired", 0) }));
        Assert.That(dataset.Channels, Is.EqualTo(PairedDataset.Names.Select((name, number) => new Channel(number, name))));
        Assert.That(dataset.Cases.Select(c => c.Id), Is.EqualTo(new[] { "a", "b", "c" }));
        foreach (DatasetCase found in dataset.Cases)
            Assert.That(
                found.ImagePaths,
                Is.EqualTo(Enumerable.Range(0, 4).Select(channel => data.ImagePath(found.Id, channel)))
            );
        Assert.That(dataset.Split().Limit(new Dictionary<string, int> { ["paired"] = 1 }).Train, Has.Count.EqualTo(1));
    }

    [Test]
    public void DomainsAndChannelsGoTogether()
    {
        data.WriteManifest(
            PairedDataset.Manifest.Replace(
                "\"numTraining\": 3",
                "\"domains\": { \"x\": [\"a\"], \"y\": [\"b\", \"c\"] }",
                StringComparison.Ordinal
            )
        );
        SegmentationDataset dataset = data.Open();
        Assert.That(
            dataset.Cases.Select(c => (c.Modality.Name, c.Images.Count)),
            Is.EqualTo(new[] { ("x", 4), ("y", 4), ("y", 4) })
        );
        ModelDescription model = ModelDescriptions.Of(
            Config("data.normalization.T2=zscore", "data.normalization.y=none"),
            dataset
        );
        string usual = IntensityNormalization.Default.ToString();
        Assert.That(
            model.Normalizations,
            Is.EqualTo(new[] { usual, usual, "zscore", usual, "none", "none", "zscore", "none" }),
            "a channel's name goes before its modality's"
        );
        Assert.That(model.Preprocessing.NormalizationOf(dataset.Modalities[1], 2), Is.EqualTo(IntensityNormalization.ZScore));
        Assert.That(model.Preprocessing.NormalizationOf(dataset.Modalities[1], 3), Is.EqualTo(IntensityNormalization.None));
    }

    [TestCase("\"1\": \"T1ce\", ", "", "channel_names has the keys 0, 2, 3, expected \"0\" to \"2\"")]
    [TestCase("\"1\":", "\"0\":", "channel '0' is given twice")]
    [TestCase("\"T1ce\"", "\"t1\"", "channels 0 and 1 are both named 't1'")]
    [TestCase("\"T1ce\"", "7", "channel 1 is 7, expected a name")]
    [TestCase("\"T1ce\"", "\"\"", "channel 1 is \"\", expected a name")]
    [TestCase("\"0\": \"T1\", \"1\": \"T1ce\", \"2\": \"T2\", \"3\": \"FLAIR\"", "", "channel_names lists 0 channels")]
    [TestCase("\"numTraining\": 3", "\"domains\": 3", "the key 'domains' is Number")]
    [TestCase(
        "\"1\": \"T1ce\", \"2\": \"T2\", \"3\": \"FLAIR\"",
        "\"1\": \"T1ce\"",
        "a_0002.nii.gz': expected a name of the form CASE_0000.nii.gz to CASE_0001.nii.gz (channel_names of dataset.json lists 2 channels)"
    )]
    public void WrongManifest_IsRefused(string found, string replacement, string message)
    {
        data.WriteManifest(PairedDataset.Manifest.Replace(found, replacement, StringComparison.Ordinal));
        Assert.That(
            data.Open,
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(message).And.Message.Not.Contains('\n')
        );
    }

    [Test]
    public void MissingChannel_IsRefusedByCaseAndFile()
    {
        File.Delete(data.ImagePath("b", 2));
        Assert.That(
            data.Open,
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.EqualTo($"case 'b': the image file '{data.ImagePath("b", 2)}' of channel T2 is missing")
        );
    }

    [Test]
    public void AGridOfItsOwn_IsRefusedByBothFiles()
    {
        DatasetCase a = data.Open().Cases[0];
        data.WriteImage("a", 3, SyntheticDataset.GridOf(originX: 0.5));
        Assert.That(
            () => CaseReader.Read(a, ["background", "lesion"]),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.StartsWith(
                    $"case 'a': image '{data.ImagePath("a", 3)}' lies elsewhere than image '{data.ImagePath("a", 0)}'"
                )
                .And.Message.Contains("tolerance 0.001 mm")
        );
        data.WriteImage("a", 3, SyntheticDataset.GridOf(slices: 6));
        Assert.That(
            () => CaseReader.Read(a, ["background", "lesion"]),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains("has shape 24x20x6, expected image")
                .And.Message.Contains("a_0000")
        );
    }

    [Test]
    public void Fingerprint_CoversAllChannels()
    {
        DatasetCase a = data.Open().Cases[0];
        CaseFingerprint before = Read(a).Fingerprint,
            first = Read(a with { Images = [a.Images[0]] }).Fingerprint;
        data.WriteImage("a", 3, first: 1);
        Assert.That(before.DifferenceTo(Read(a).Fingerprint), Does.Contain("other voxels"));
        Assert.That(Read(a with { Images = [a.Images[0]] }).Fingerprint.Image, Is.EqualTo(first.Image));
        Assert.That(first.Image, Is.Not.EqualTo(before.Image));
    }

    [TestCase("", "T1,T1ce,T2,FLAIR")]
    [TestCase("T2", "T2")]
    [TestCase("flair, 0", "T1,FLAIR")]
    public void Model_SeesTheChosenChannels(string chosen, string expected)
    {
        SegmentationDataset dataset = data.Open();
        ModelDescription model = ModelDescriptions.Of(Config($"data.channels={chosen}"), dataset);
        Assert.That(model.Channels!.Select(channel => channel.Name), Is.EqualTo(expected.Split(',')));
        Assert.That(model.Adopt(dataset.Cases[1]).Images.Select(image => image.Channel), Is.EqualTo(model.Channels));
        model.Write(data.Path);
        ModelDescription again = ModelDescription.Read(data.Path);
        Assert.That(again.Channels, Is.EqualTo(model.Channels));
        Assert.That(again.Preprocessing.Shape, Is.EqualTo(new SampleShape(32, 32, 3, Volumes: model.Volumes)));
    }

    [TestCase("T3", "has no channel 'T3'; it has T1, T1ce, T2, FLAIR")]
    [TestCase("4", "has no channel '4'")]
    [TestCase("T1,t1", "names a channel twice")]
    public void UnknownChannels_AreRefused(string chosen, string message) =>
        Assert.That(
            () => ModelDescriptions.Of(Config($"data.channels={chosen}"), data.Open()),
            Throws.TypeOf<InvalidDataException>().With.Message.StartsWith("data.channels").And.Message.Contains(message)
        );

    [Test]
    public void AModelAndCasesOfOtherChannels_AreRefused()
    {
        using var unpaired = new SyntheticDataset();
        SegmentationDataset dataset = data.Open(),
            other = unpaired.Open();
        ModelDescription paired = ModelDescriptions.Of(Config(), dataset),
            single = ModelDescriptions.Of(Config(), other);
        Assert.That(single.Channels, Is.Null);
        Assert.That(
            () => single.Adopt(dataset.Cases[0] with { Modality = new Modality("CT", 0) }),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("has 4 image channels")
        );
        Assert.That(
            () => paired.Adopt(other.Cases[0] with { Modality = new Modality("paired", 0) }),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("has no channel T1")
        );
        Assert.That(
            () => PreparedCase.Prepare(Read(dataset.Cases[0]), single.Preprocessing, 2),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("has 4 image channels, but the network sees 1")
        );
        Assert.That(
            () => ModelDescriptions.Of(Config("data.channels=0"), other),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("have one image each")
        );
        Assert.That(
            () => ModelDescriptions.Of(Config("data.normalization.CT=none"), dataset),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains("no such channel or modality; it has T1, T1ce, T2, FLAIR, paired")
        );
    }

    [TestCase("\"number\": 3", "\"number\": 2", "channels has a number twice")]
    [TestCase("\"number\": 3", "\"number\": -1", "channels has the number -1")]
    [TestCase("\"FLAIR\"", "\"T2\"", "channels names T2 twice")]
    [TestCase("\"FLAIR\"", "null", "channels has a name that is empty")]
    [TestCase("\"channels\"", "\"others\"", "normalizations has 4 entries, expected one for each of 1 modalities")]
    public void AModelFileWithWrongChannels_IsRefused(string found, string replacement, string message)
    {
        ModelDescriptions.Of(Config(), data.Open()).Write(data.Path);
        string path = data.File("model.json");
        string text = File.ReadAllText(path);
        Assert.That(text, Does.Contain(found));
        File.WriteAllText(path, text.Replace(found, replacement, StringComparison.Ordinal));
        Assert.That(() => ModelDescription.Read(data.Path), Throws.TypeOf<InvalidDataException>().With.Message.Contains(message));
    }

    [Test]
    public void APreprocessedCopy_HasAllChannelsOnOneGrid()
    {
        string copy = data.File("copy");
        SegmentationDataset dataset = data.Open();
        DatasetPreprocessing.Run(dataset, copy, new Vector3d(3, 2, 5), 1, (_, _) => { });
        File.Delete(Path.Combine(copy, "imagesTr", "b_0003.nii.gz"));
        DatasetPreprocessing.Run(dataset, copy, new Vector3d(3, 2, 5), 1, (_, _) => { });
        SegmentationDataset again = SegmentationDataset.Open(copy);
        Assert.That(again.Cases.Select(c => Read(c).Images.Count), Is.EqualTo(new[] { 4, 4, 4 }));
        Volume<float> expected = Orientation.Reorient(PairedDataset.Image('b', 3, SyntheticDataset.GridOf()), "LAS"),
            written = NiftiFile.Open(again.Cases[1].ImagePaths[3]).ToFloatVolume();
        Assert.That(
            written.Voxels,
            Is.EqualTo(Resampling.Linear(expected, Resampling.Respace(expected.Geometry, new Vector3d(3, 2, 5))).Voxels)
        );
    }

    private static LoadedCase Read(DatasetCase source) => CaseReader.Read(source, ["background", "lesion"]);

    private static TrainingConfig Config(params string[] sets) => ConfigLoader.Load(sets: ["data.size=32", .. sets]);
}
