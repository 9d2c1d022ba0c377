using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

/// <summary>A dataset's problems are all found in one go, and a missing key 'domains' is guessed.</summary>
[TestFixture]
public class DatasetCheckTests
{
    private SyntheticDataset data = null!;

    [SetUp]
    public void CreateDataset() => data = new SyntheticDataset();

    [TearDown]
    public void DeleteDataset() => data.Dispose();

    [Test]
    public void ASoundDataset_HasNoErrorsAndOnlyTheWarningOfItsIntensities()
    {
        var read = new List<string>();
        DatasetCheck check = DatasetCheck.Of(data.Path, (_, source, _) => read.Add(source.Id));
        Assert.That(check.Findings.Where(finding => finding.Severity == Severity.Error), Is.Empty);
        Assert.That(read, Is.EqualTo(new[] { "ct_0", "ct_1", "ct_2", "mr_0", "mr_1", "mr_2" }));
        Assert.That(Warnings(check), Has.Some.Contains("modality CT: ct_0, ct_1, ct_2 have no value below -200"));
        Assert.That(Warnings(check), Has.Some.Contains("have the same image"), "the fixture's cases are copies");
        Assert.That(check.Domains, Is.Null);
    }

    [Test]
    public void AllProblems_AreReported()
    {
        data.WriteCase("ct_0", changeImage: image => image.Voxels[5] = float.NaN, changeLabel: label => label.Voxels[0] = 9);
        data.WriteCase("ct_1", changeImage: image => Array.Fill(image.Voxels, -1000));
        data.WriteCase("mr_0", changeLabel: label => Array.Clear(label.Voxels));
        File.WriteAllText(data.ImagePath("mr_1"), "no volume");
        File.Delete(data.LabelPath("mr_2"));
        File.Copy(data.LabelPath("ct_2"), data.LabelPath("orphan"));
        File.Copy(data.ImagePath("ct_2"), data.ImagePath("us_0"));
        File.Copy(data.LabelPath("ct_2"), data.LabelPath("us_0"));
        data.WriteManifest(SyntheticDataset.Manifest.Replace("\"numTraining\": 6", "\"numTraining\": \"six\""));
        data.WriteSplits("""[{"train": ["ct_0", "mr_0"], "val": ["gone"]}]""");

        DatasetCheck check = DatasetCheck.Of(data.Path);
        string[] errors =
        [
            .. check.Findings.Where(finding => finding.Severity == Severity.Error).Select(finding => finding.Message),
        ];
        string[] expected =
        [
            "numTraining is \"six\"",
            "case 'us_0' belongs to no domain",
            "case 'mr_2': the label file",
            "orphan.nii.gz': a label without its image",
            "1 voxels that are NaN or infinite, the first at (5, 0, 0)",
            "case 'ct_0': label",
            "mr_1_0000.nii.gz",
            "fold 0 names case 'gone'",
        ];
        foreach (string part in expected)
            Assert.That(errors, Has.Exactly(1).Contains(part));
        Assert.That(errors, Has.Length.EqualTo(expected.Length), string.Join('\n', errors));
        Assert.That(Warnings(check), Has.Some.Contains("has the value -1000 in every voxel"));
        Assert.That(Warnings(check), Has.Some.Contains("mr_0.nii.gz' shows nothing but background"));
        Assert.That(check.Findings.Single(finding => finding.Message.Contains("NaN")).Case, Is.EqualTo("ct_0"));
    }

    [Test]
    public void ADifferentGridAndAnUnknownLabel_AreBothReportedOfOneCase()
    {
        UnpairedSegEngine.Imaging.Nifti.NiftiWriter.Write(
            data.LabelPath("ct_0"),
            new Imaging.Volume<byte>(SyntheticDataset.GridOf(originX: 3)).Map(_ => (byte)7)
        );
        string[] errors = [.. DatasetCheck.Of(data.Path).Findings.Where(f => f.Case == "ct_0").Select(f => f.Message)];
        Assert.That(errors, Has.Some.Contains("lies elsewhere than its image").And.Contains("origin"));
        Assert.That(errors, Has.Some.Contains("values that are no class: 7"));
    }

    [TestCase("ct_0,ct_1,mr_0,mr_1", "\"domains\": {\"CT\": [\"ct_*\"], \"MR\": [\"mr_*\"]}")]
    [TestCase("p1_CT,p2_CT,p1_MRI,p3_MRI", "\"domains\": {\"CT\": [\"*_CT\"], \"MR\": [\"*_MRI\"]}")]
    [TestCase("a-ct,ct-b,mr1", "\"domains\": {\"CT\": [\"a-ct\", \"ct-b\"], \"MR\": [\"mr*\"]}")]
    [TestCase("ct_0,ct_1", "\"domains\": {\"CT\": [\"*\"]}")]
    public void Domains_AreGuessedFromNames(string names, string line)
    {
        Rename(names.Split(','), _ => 0);
        Assert.That(DomainGuess.Of(data.Path, ["intensity"], 8)?.Line, Is.EqualTo(line));
        data.WriteManifest(SyntheticDataset.Manifest.Replace("\"domains\"", "\"other\""));
        Assert.That(
            data.Open,
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains($"the key 'domains' is missing; add it, guessed from the names of the cases: {line}")
        );
    }

    [Test]
    public void Domains_AreGuessedFromIntensitiesAndTheChannelsName()
    {
        Rename(["amos_1", "amos_2", "chaos_1", "chaos_2"], id => id.StartsWith("amos", StringComparison.Ordinal) ? -1000 : 0);
        const string Both = "\"domains\": {\"CT\": [\"amos_*\"], \"MR\": [\"chaos_*\"]}";
        Assert.That(DomainGuess.Of(data.Path, ["intensity"], 8)?.Line, Is.EqualTo(Both));
        Assert.That(DomainGuess.Of(data.Path, ["intensity"], 2)?.Line, Is.EqualTo(Both), "one of each prefix is read");
        Assert.That(DomainGuess.Of(data.Path, ["CT"], 8)?.Line, Is.EqualTo("\"domains\": {\"CT\": [\"*\"]}"));
        Assert.That(DomainGuess.Of(data.Path, ["CT or MR"], 8)?.Line, Is.EqualTo(Both));
        Rename(["case_1", "case_2", "case_3"], id => id == "case_2" ? -1000 : 0);
        Assert.That(
            DomainGuess.Of(data.Path, ["intensity"], 8)?.Line,
            Is.EqualTo("\"domains\": {\"CT\": [\"case_2\"], \"MR\": [\"case_1\", \"case_3\"]}")
        );
        Rename(["case_1", "case_2", "case_3"], id => id == "case_3" ? -1000 : 0);
        Assert.That(DomainGuess.Of(data.Path, ["intensity"], 2), Is.Null, "two of three were read, and differ");
    }

    private static string[] Warnings(DatasetCheck check) =>
        [.. check.Findings.Where(finding => finding.Severity == Severity.Warning).Select(finding => finding.Message)];

    /// <summary>Other cases instead of the fixture's, each with one very low voxel.</summary>
    private void Rename(string[] ids, Func<string, float> lowest)
    {
        foreach (string file in Directory.GetFiles(data.File("imagesTr")).Concat(Directory.GetFiles(data.File("labelsTr"))))
            File.Delete(file);
        foreach (string id in ids)
            data.WriteCase(id, changeImage: image => image.Voxels[0] = lowest(id));
    }
}
