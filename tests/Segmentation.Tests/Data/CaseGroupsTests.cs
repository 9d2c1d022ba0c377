using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

/// <summary>Cases of one group are never on both sides of a split.</summary>
[TestFixture]
public class CaseGroupsTests
{
    private SyntheticDataset data = null!;

    [SetUp]
    public void CreateDataset() => data = new SyntheticDataset();

    [TearDown]
    public void DeleteDataset() => data.Dispose();

    [Test]
    public void GeneratedFolds_KeepGroupsTogether([Range(0, 4)] int fold)
    {
        AddCases("ct", 3, 12);
        AddCases("mr", 3, 9);
        // Two scans of each patient in one modality, and patients with both.
        WriteGroups(
            """{"p0": ["ct_0", "ct_1"], "p1": ["ct_2", "ct_3", "mr_0"], "p2": ["mr_1", "mr_2"], "p3": ["ct_4", "mr_3", "mr_4"]}"""
        );
        SegmentationDataset dataset = data.Open();
        DatasetSplit split = dataset.Split(fold);
        Assert.That(CaseGroups.SharedBy(split), Is.Null);
        Assert.That(split.Train.Concat(split.Validation).Select(c => c.Id), Is.EquivalentTo(dataset.Cases.Select(c => c.Id)));
        foreach (Modality modality in dataset.Modalities)
        {
            Assert.That(split.Train.Count(c => c.Modality == modality), Is.Positive);
            Assert.That(split.Validation.Count(c => c.Modality == modality), Is.Positive);
        }

        Assert.That(data.Open().Split(fold).Validation.Select(c => c.Id), Is.EqualTo(split.Validation.Select(c => c.Id)));
    }

    [Test]
    public void EveryGroup_IsHeldOutOnce()
    {
        AddCases("ct", 3, 12);
        WriteGroups("""{"p0": ["ct_0", "ct_1"], "p1": ["ct_2", "ct_3", "ct_4"]}""");
        SegmentationDataset dataset = data.Open();
        string[] heldOut =
        [
            .. Enumerable.Range(0, 5).SelectMany(fold => dataset.Split(fold).Validation).Select(c => c.Id).Where(IsCt),
        ];
        Assert.That(heldOut, Is.EquivalentTo(dataset.Cases.Select(c => c.Id).Where(IsCt)));

        static bool IsCt(string id) => id.StartsWith("ct", StringComparison.Ordinal);
    }

    [Test]
    public void AModalityOfOneGroup_StaysInTraining()
    {
        WriteGroups("""{"p": ["mr_0", "mr_1", "mr_2"]}""");
        SegmentationDataset dataset = data.Open();
        for (int fold = 0; fold < 5; fold++)
            Assert.That(dataset.Split(fold).Train.Count(c => c.Modality.Name == "MR"), Is.EqualTo(3));
    }

    [Test]
    public void GroupsThatNoOneHas_LeaveTheFoldsAsTheyAre()
    {
        string[] without = [.. data.Open().Split(1).Validation.Select(c => c.Id)];
        WriteGroups("""{"p": ["gone_0", "gone_1"]}""");
        Assert.That(data.Open().Split(1).Validation.Select(c => c.Id), Is.EqualTo(without));
    }

    [Test]
    public void ASplitFileThatPartsAGroup_IsRefused()
    {
        WriteGroups("""{"p7": ["ct_0", "ct_1"]}""");
        data.WriteSplits("""[{"train": ["ct_0", "ct_2", "mr_0"], "val": ["ct_1", "mr_1"]}]""");
        Assert.That(
            () => data.Open().Split(),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains(
                    "fold 0 has the group 'p7' in the training cases ('ct_0') and in the validation cases ('ct_1')"
                )
        );
        data.WriteSplits("""[{"train": ["ct_0", "ct_2", "mr_0"], "val": ["mr_1"]}]""");
        Assert.That(
            () => data.Open().Split(),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("and in the test cases ('ct_1')"),
            "what no side names is for the test"
        );
        Assert.That(
            DatasetCheck.Of(data.Path).Findings.Select(finding => finding.Message),
            Has.Some.Contains("the group 'p7' in the training cases")
        );
    }

    [Test]
    public void WrittenSplits_KeepGroupsTogether()
    {
        AddCases("ct", 3, 6);
        AddCases("mr", 3, 6);
        WriteGroups("""{"p0": ["ct_0", "mr_0"], "p1": ["ct_1", "ct_2", "mr_1"]}""");
        using var folder = new TemporaryFolder();
        data.Open().WriteSplits(folder.File("splits.json"), 3);
        for (int fold = 0; fold < 3; fold++)
            Assert.That(CaseGroups.SharedBy(data.Open().Split(fold, folder.File("splits.json"))), Is.Null);
    }

    [TestCase("[]", "the key 'groups' is Array")]
    [TestCase("""{"p": "ct_0"}""", "group 'p': expected a list of case names")]
    [TestCase("""{"p": [1]}""", "group 'p': expected a list of case names")]
    [TestCase("""{"p": ["ct_0"], "q": ["ct_0"]}""", "case 'ct_0' is in the groups 'p' and 'q'")]
    [TestCase("""{"p": ["ct_0"], "p": ["ct_1"]}""", "group 'p' is given twice")]
    [TestCase("""{" ": ["ct_0"]}""", "is no name")]
    public void MalformedGroups_AreRefused(string groups, string message)
    {
        WriteGroups(groups);
        Assert.That(data.Open, Throws.TypeOf<InvalidDataException>().With.Message.Contains(message));
    }

    private void WriteGroups(string groups) =>
        data.WriteManifest(
            SyntheticDataset
                .Manifest.Replace("\"mr_0\", \"mr_1\", \"mr_2\"", "\"mr_*\"")
                .Replace("\"domains\"", $"\"groups\": {groups}, \"domains\"")
                .Replace("\"numTraining\": 6,", "")
        );

    private void AddCases(string modality, int first, int count)
    {
        for (int i = first; i < count; i++)
        {
            File.Copy(data.ImagePath($"{modality}_0"), data.ImagePath($"{modality}_{i}"));
            File.Copy(data.LabelPath($"{modality}_0"), data.LabelPath($"{modality}_{i}"));
        }
    }
}
