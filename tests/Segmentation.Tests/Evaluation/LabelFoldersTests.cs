using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Metrics;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Segmentation.Tests.Evaluation;

/// <summary>Label maps of eight voxels in a line, 2 mm apart, whose scores are counted by hand.</summary>
internal sealed class LabelFoldersTests
{
    private const double SpacingMm = 2;

    private TemporaryFolder folder = null!;

    private string Predictions => folder.File("predictions");

    private string References => folder.File("references");

    [SetUp]
    public void Create()
    {
        folder = new TemporaryFolder();
        Directory.CreateDirectory(Predictions);
        Directory.CreateDirectory(References);
    }

    [TearDown]
    public void Delete() => folder.Dispose();

    [Test]
    public void A_class_that_only_the_prediction_has_is_hallucinated()
    {
        Write("x", prediction: [0, 1, 1, 0, 2, 0, 0, 0], reference: [0, 1, 1, 0, 0, 0, 0, 0]);
        EvaluationReport report = Evaluate();
        Assert.That(report.Organs, Is.EqualTo(new[] { "class 1", "class 2" }));
        StructureScores second = report.Cases.Single().Scores["class 2"];
        Assert.That(
            (second.Presence, second.Dice, second.HausdorffMm),
            Is.EqualTo((StructurePresence.Hallucinated, (double?)0, (double?)null))
        );
        Assert.That(report.Cases.Single().Scores["class 1"].Dice, Is.EqualTo(1));
    }

    [Test]
    public void Ignored_voxels_count_in_no_score_and_cut_both_maps()
    {
        WriteManifest("""{ "background": 0, "liver": 1, "ignore": 2 }""");

        // Ignored from voxel 5 on. Before: 2 true positives (2, 3), 1 false positive (1), 1 false negative (4).
        Write("x", prediction: [0, 1, 1, 1, 0, 1, 1, 0], reference: [0, 0, 1, 1, 1, 2, 2, 2]);
        EvaluationReport report = Evaluate();
        Assert.That(report.Organs, Is.EqualTo(new[] { "liver" }));
        StructureScores liver = report.Cases.Single().Scores["liver"];
        Assert.That(liver.Dice, Is.EqualTo(2.0 * 2 / 6));
        Assert.That(
            liver.HausdorffMm,
            Is.EqualTo(SpacingMm),
            "voxels 1 and 4 are one voxel from the other surface; 5 and 6 do not count"
        );
        Assert.That(liver.PredictedMl, Is.EqualTo(3 * SpacingMm * SpacingMm * SpacingMm / 1000).Within(1e-12));
        Assert.That(liver.VolumeDifference, Is.Zero);
    }

    [Test]
    public void What_is_ignored_may_hold_any_prediction_and_255_too()
    {
        WriteManifest("""{ "background": 0, "liver": 1, "ignore": 255 }""");
        Write("x", prediction: [0, 1, 1, 9, 255, 0, 0, 0], reference: [0, 1, 1, 255, 255, 0, 0, 0]);
        Assert.That(Evaluate().Cases.Single().Scores["liver"].Dice, Is.EqualTo(1));
    }

    [Test]
    public void Masks_of_0_and_255_are_a_class_where_nothing_says_otherwise()
    {
        Write("x", prediction: [0, 255, 255, 0, 0, 0, 0, 0], reference: [0, 255, 0, 0, 0, 0, 0, 0]);
        Assert.That(Evaluate().Cases.Single().Scores["class 255"].Dice, Is.EqualTo(2.0 / 3).Within(1e-12));
    }

    [Test]
    public void A_bad_file_is_listed_and_the_others_are_scored_by_name()
    {
        foreach (string id in (string[])["c", "a", "b"])
            Write(id, [0, 1, 0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0]);
        File.WriteAllText(Path.Combine(Predictions, "b.nii"), "no volume");
        EvaluationReport report = Evaluate();
        Assert.That(report.Cases.Select(c => c.Id), Is.EqualTo(new[] { "a", "c" }));
        Assert.That(report.Failed.Single().Id, Is.EqualTo("b"));
        Assert.That(report.Failed.Single().Reason, Does.Contain("b.nii"));

        string json = folder.File("report.json");
        EvaluationFiles.WriteJson(report, json);
        Assert.That(EvaluationFiles.ReadJson(json).Failed, Is.EqualTo(report.Failed));
    }

    [Test]
    public void Labels_beyond_the_classes_name_the_option()
    {
        Write("x", [0, 1, 2, 3, 0, 0, 0, 0], [0, 1, 2, 0, 0, 0, 0, 0]);
        Assert.That(
            () => Evaluate("liver", "spleen"),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("label 3").And.Message.Contains("--classes")
        );
    }

    [Test]
    public void Predictions_may_be_more_but_not_fewer()
    {
        Write("x", [0, 1, 0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0]);
        Volume(Predictions, "extra", [0, 0, 0, 0, 0, 0, 0, 0]);
        Assert.That(LabelFolders.Open(Predictions, References, []).Notes.Single(), Does.Contain("extra"));
        Volume(References, "missing", [0, 0, 0, 0, 0, 0, 0, 0]);
        Assert.That(() => Evaluate(), Throws.TypeOf<InvalidDataException>().With.Message.Contains("no prediction for missing"));
    }

    [Test]
    public void Regions_beside_the_references_are_told_of()
    {
        WriteManifest("""{ "background": 0, "whole": [1, 2], "core": 2 }""");
        Write("x", [0, 1, 2, 0, 0, 0, 0, 0], [0, 1, 2, 0, 0, 0, 0, 0]);
        LabelFolders folders = LabelFolders.Open(Predictions, References, []);
        Assert.That(folders.Notes.Single(), Does.Contain("regions are not supported").And.Contain("numbered"));
        Assert.That(folders.Organs, Is.EqualTo(new[] { "class 1", "class 2" }));
    }

    private EvaluationReport Evaluate(params string[] organs) =>
        LabelFolders.Open(Predictions, References, organs).Evaluate(tolerance: 1);

    private void WriteManifest(string labels) =>
        File.WriteAllText(
            folder.File("dataset.json"),
            $$"""{ "channel_names": { "0": "CT" }, "labels": {{labels}}, "numTraining": 1, "file_ending": ".nii" }"""
        );

    private void Write(string id, byte[] prediction, byte[] reference)
    {
        Volume(Predictions, id, prediction);
        Volume(References, id, reference);
    }

    private static void Volume(string path, string id, byte[] voxels) =>
        NiftiWriter.Write(
            Path.Combine(path, $"{id}.nii"),
            new Volume<byte>(
                new Geometry(
                    voxels.Length,
                    1,
                    1,
                    Affine.Diagonal(new Vector3d(-SpacingMm, SpacingMm, SpacingMm), new Vector3d(0, 0, 0))
                ),
                voxels
            )
        );
}
