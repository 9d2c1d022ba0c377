using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

[TestFixture]
public class SegmentationDatasetTests
{
    private SyntheticDataset data = null!;

    [SetUp]
    public void CreateDataset() => data = new SyntheticDataset();

    [TearDown]
    public void DeleteDataset() => data.Dispose();

    [Test]
    public void Open_FindsModalitiesClassesAndCases()
    {
        SegmentationDataset dataset = data.Open();
        Assert.That(dataset.Modalities, Is.EqualTo(new[] { new Modality("CT", 0), new Modality("MR", 1) }));
        Assert.That(dataset.ClassNames, Is.EqualTo(new[] { "background", "liver", "spleen" }));
        Assert.That(
            dataset.Cases.Select(c => (c.Id, c.Modality.Name)),
            Is.EqualTo(new[] { ("ct_0", "CT"), ("ct_1", "CT"), ("ct_2", "CT"), ("mr_0", "MR"), ("mr_1", "MR"), ("mr_2", "MR") })
        );
        Assert.That(dataset.TestCases, Is.Empty);
    }

    [TestCase("\"domains\"", "\"domain\"", "the key 'domains' is missing")]
    [TestCase("\"labels\"", "\"label\"", "the key 'labels' is missing")]
    [TestCase("\".nii.gz\"", "3", "the key 'file_ending' is Number, expected String")]
    [TestCase("\"spleen\": 2", "\"spleen\": 3", "label values are 0, 1, 3, expected consecutive ones")]
    [TestCase("\"spleen\": 2", "\"spleen\": 1", "labels 'liver' and 'spleen' share the value 1")]
    [TestCase("\"spleen\": 2", "\"spleen\": [1, 2]", "label 'spleen' is [1, 2]")]
    [TestCase("\"spleen\": 2", "\"spleen\": 2.0", "label 'spleen' is 2.0, expected a whole number")]
    [TestCase("\"background\": 0", "\"air\": 0", "label 0 is named 'air', expected 'background'")]
    [TestCase("\"numTraining\": 6", "\"numTraining\": 7", "numTraining is 7, but imagesTr holds 6 cases")]
    [TestCase("\"mr_2\"", "\"mr_3\"", "case 'mr_2' belongs to no domain")]
    [TestCase("\"mr_2\"", "\"mr_2\", \"ct_1\"", "case 'ct_1' belongs to the domains CT and MR, expected one")]
    [TestCase("[\"ct_*\"]", "\"ct_*\"", "domain 'CT': expected a list of case names or patterns")]
    [TestCase("\"domains\"", "domains", "no valid JSON")]
    [TestCase("\"spleen\": 2", "\"liver\": 2", "label 'liver' is given twice")]
    [TestCase("\"spleen\": 2", "\"Liver \": 2", "labels 'liver' and 'Liver ' differ only in letter case or blanks")]
    [TestCase("\"spleen\": 2", "\" \": 2", "a label has no name")]
    [TestCase("\"spleen\": 2", "\"spleen\": [2, 3]", "regions are not supported")]
    [TestCase("\"background\": 0", "\"0\": \"background\"", "write them as \"background\": 0")]
    [TestCase("\"liver\": 1", "\"ignore\": 1", "label 'ignore' is 1, expected the highest of all values")]
    [TestCase("\"spleen\": 2", "\"IGNORE\": 2", "label 'IGNORE': write 'ignore'")]
    [TestCase("\"spleen\": 2", "\"ignore\": 256", "label 'ignore' is 256")]
    [TestCase("\"file_ending\"", "\"labels\": {}, \"file_ending\"", "'labels' is given twice")]
    [TestCase("\"MR\":", "\"ct\":", "domains 'CT' and 'ct' differ only in letter case")]
    [TestCase("\"MR\":", "\"CT\":", "domain 'CT' is given twice")]
    [TestCase("\".nii.gz\"", "\".nrrd\"", "file_ending is '.nrrd', expected .nii.gz")]
    [TestCase("\".nii.gz\"", "\".nii\"", "ends in .nii.gz, but 'file_ending' of dataset.json is .nii; correct that")]
    public void WrongManifest_IsRefused(string found, string replacement, string message)
    {
        data.WriteManifest(SyntheticDataset.Manifest.Replace(found, replacement, StringComparison.Ordinal));
        Assert.That(
            data.Open,
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains(message)
                .And.Message.Contains("dataset.json")
                .And.Message.Not.Contains('\n')
        );
    }

    [Test]
    public void MissingLabel_IsRefusedByCase()
    {
        File.Delete(data.LabelPath("mr_1"));
        Assert.That(
            data.Open,
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.StartsWith("case 'mr_1': the label file")
                .And.Message.Contains(data.LabelPath("mr_1"))
        );
    }

    [Test]
    public void LabelWithoutImage_IsRefused()
    {
        File.Delete(data.ImagePath("ct_2"));
        Assert.That(
            data.Open,
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("ct_2.nii.gz': a label without its image")
        );
    }

    [Test]
    public void SecondChannel_IsRefused()
    {
        File.Copy(data.ImagePath("ct_0"), data.File("imagesTr/ct_0_0001.nii.gz"));
        Assert.That(data.Open, Throws.TypeOf<InvalidDataException>().With.Message.Contains("one channel per case"));
    }

    [Test]
    public void EmptyFolders_AreRefused()
    {
        using var empty = new TemporaryFolder();
        Assert.That(
            () => SegmentationDataset.Open(empty.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("no dataset.json")
        );
        Assert.That(
            () => SegmentationDataset.Open(empty.File("gone")),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("no such dataset folder")
        );
        Directory.Delete(data.File("imagesTr"), recursive: true);
        Assert.That(data.Open, Throws.TypeOf<InvalidDataException>().With.Message.Contains("no image files"));
    }

    [Test]
    public void Split_FollowsTheFile_TheRestIsTest()
    {
        data.WriteSplits("""[{"train": ["ct_0", "mr_0"], "val": ["ct_1", "mr_1"]}, {"train": ["ct_1", "mr_1"], "val": []}]""");
        DatasetSplit split = data.Open().Split();
        Assert.That(split.Train.Select(c => c.Id), Is.EqualTo(new[] { "ct_0", "mr_0" }));
        Assert.That(split.Validation.Select(c => c.Id), Is.EqualTo(new[] { "ct_1", "mr_1" }));
        Assert.That(split.Test.Select(c => c.Id), Is.EqualTo(new[] { "ct_2", "mr_2" }));
        Assert.That(data.Open().Split(1).Train.Select(c => c.Id), Is.EqualTo(new[] { "ct_1", "mr_1" }));
        Assert.That(() => data.Open().Split(2), Throws.TypeOf<UsageException>().With.Message.Contains("folds 0 to 1"));
    }

    [Test]
    public void TestFolder_TakesTheTestSplit()
    {
        Directory.CreateDirectory(data.File("imagesTs"));
        File.Copy(data.ImagePath("ct_0"), data.File("imagesTs/ct_9_0000.nii.gz"));
        DatasetCase test = data.Open().Split().Test.Single();
        Assert.That((test.Id, test.Modality.Name, test.LabelPath), Is.EqualTo(("ct_9", "CT", (string?)null)));
    }

    [TestCase("""[{"train": ["ct_0", "mr_0", "mr_7"], "val": []}]""", "names case 'mr_7', which is not in imagesTr")]
    [TestCase("""[{"train": ["ct_0", "mr_0"], "val": ["ct_0"]}]""", "has case 'ct_0' in both 'train' and 'val'")]
    [TestCase("""[{"train": ["ct_0", "ct_0", "mr_0"], "val": []}]""", "lists case 'ct_0' twice in 'train'")]
    [TestCase("""[{"train": ["ct_0"], "val": ["mr_0"]}]""", "has no training case of modality MR")]
    [TestCase("""[{"train": ["ct_0"]}]""", "no list 'val'")]
    [TestCase("""{"train": []}""", "expected a list of folds")]
    public void WrongSplit_IsRefused(string json, string message)
    {
        data.WriteSplits(json);
        Assert.That(
            () => data.Open().Split(),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(message).And.Message.Contains("splits_final.json")
        );
    }

    [Test]
    public void GeneratedFolds_HoldEveryCaseOutAcrossFolds()
    {
        SegmentationDataset dataset = data.Open();
        var heldOut = new HashSet<string>();
        for (int fold = 0; fold < 5; fold++)
        {
            DatasetSplit split = dataset.Split(fold);
            Assert.That(split.Train.Concat(split.Validation), Is.EquivalentTo(dataset.Cases));
            Assert.That(split.Validation.Select(c => c.Modality.Index), Is.EquivalentTo(new[] { 0, 1 }));
            Assert.That(split.Validation, Is.EqualTo(data.Open().Split(fold).Validation), "the same on every call");
            heldOut.UnionWith(split.Validation.Select(c => c.Id));
        }
        Assert.That(heldOut, Has.Count.EqualTo(6));
    }

    [Test]
    public void SharedDataset_OpensWithItsSplit()
    {
        SegmentationDataset dataset = SegmentationDataset.Open(SharedData.Require("Dataset501_Abdomen"));
        DatasetSplit split = dataset.Split();
        Assert.That(dataset.Modalities.Select(m => m.Name), Is.EqualTo(new[] { "CT", "MR" }));
        Assert.That((split.Train.Count, split.Validation.Count, split.Test.Count), Is.EqualTo((35, 5, 0)));
        Assert.That(dataset.ClassNames[3], Is.EqualTo("left kidney"));
    }

    [Test]
    public void AByteOrderMark_IsPassedOver()
    {
        data.WriteManifest("\uFEFF" + SyntheticDataset.Manifest);
        Assert.That(data.Open().Cases, Has.Count.EqualTo(6));
    }

    [Test]
    public void FoldersAreScannedAsEverywhere()
    {
        File.WriteAllText(data.File("imagesTr/._ct_0_0000.nii.gz"), "");
        File.WriteAllText(data.File("imagesTr/.tmp-ct_0_0000.nii.gz-7"), "");
        File.WriteAllText(data.File("labelsTr/notes.txt"), "");
        File.Move(data.ImagePath("ct_1"), data.File("imagesTr/ct_1_0000.NII.GZ"));
        SegmentationDataset dataset = data.Open();
        Assert.That(dataset.Cases.Select(c => c.Id), Is.EqualTo(new[] { "ct_0", "ct_1", "ct_2", "mr_0", "mr_1", "mr_2" }));
        Assert.That(dataset.Notes.Single(), Does.Contain("labelsTr").And.Contain("1 file"));
        File.Copy(data.ImagePath("ct_0"), data.File("imagesTr/ct_0_0000.nii"));
        Assert.That(data.Open, Throws.TypeOf<InvalidDataException>().With.Message.Contains("two volumes of one name"));
    }

    [Test]
    public void ACaseOfAnotherEnding_IsNotDropped()
    {
        File.Move(data.ImagePath("ct_1"), data.File("imagesTr/ct_1_0000.nii"));
        Assert.That(
            data.Open,
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains("ct_1_0000.nii")
                .And.Message.Contains("convert the file or move it away")
        );
    }

    [Test]
    public void TestCasesAlone_CanBeOpenedButNotTrainedOn()
    {
        Directory.Move(data.File("imagesTr"), data.File("imagesTs"));
        Directory.Move(data.File("labelsTr"), data.File("labelsTs"));
        SegmentationDataset dataset = data.Open();
        Assert.That(dataset.Cases, Is.Empty);
        Assert.That(dataset.TestCases.Count(c => c.LabelPath is not null), Is.EqualTo(6));
        Assert.That(() => dataset.Split(), Throws.TypeOf<InvalidDataException>().With.Message.Contains("test cases only"));
    }

    [TestCase(2)]
    [TestCase(255)]
    public void IgnoredLabel_IsNoClass_AndMarksVoxels(int value)
    {
        data.WriteManifest(SyntheticDataset.Manifest.Replace("\"spleen\": 2", $"\"ignore\": {value}", StringComparison.Ordinal));
        foreach (string id in data.Open().Cases.Select(c => c.Id).ToArray())
            data.WriteCase(id, changeLabel: label => label.Voxels.AsSpan().Replace((byte)2, (byte)value));
        SegmentationDataset dataset = data.Open();
        Assert.That(dataset.ClassNames, Is.EqualTo(new[] { "background", "liver" }));
        LoadedCase loaded = CaseReader.Read(dataset.Cases[0], dataset.ClassNames);
        Assert.That(loaded.Labels!.Voxels.Count(v => v == LabelValue.Ignored), Is.EqualTo(4 * 4 * 2), "the box of the spleen");
        Assert.That(loaded.Labels.Voxels.Max(v => v == LabelValue.Ignored ? 0 : v), Is.EqualTo(1));

        CaseCache cache = data.Load();
        Assert.That(
            cache.Cases[0].ClassHistograms[4].Sum() + cache.Cases[0].LabelsOf(4).Count(LabelValue.Ignored),
            Is.EqualTo(16 * 16),
            "counted in no class"
        );
        Assert.That(cache.Cases[0].LabelsOf(4).Count(LabelValue.Ignored), Is.Positive);

        using var copy = new TemporaryFolder();
        DatasetPreprocessing.Run(dataset, copy.File("copy"), new Imaging.Vector3d(1.5, 1.5, 4), threads: 1, (_, _) => { });
        SegmentationDataset again = SegmentationDataset.Open(copy.File("copy"));
        Assert.That(
            CaseReader.Read(again.Cases[0], again.ClassNames).Labels!.Voxels.Count(v => v == LabelValue.Ignored),
            Is.EqualTo(4 * 4 * 2)
        );
    }
}
