namespace UnpairedSegEngine.Cli.Tests;

/// <summary>
/// A detector that learns where objects are, as a user runs it: from made-up images to the places that it finds.
/// </summary>
internal sealed class DetectorVerbTests : CommandLine
{
    private string Scenes => PathOf("scenes");

    private string Detector => PathOf("detector");

    [OneTimeSetUp]
    public void MakeImagesAndRun()
    {
        RequireSuccess(
            Run("images", "--kind", "shapesmultilabel", "--out", Scenes, "--train", "3", "--test", "2", "--proposals", "20")
        );
        RequireSuccess(
            Run(
                "train",
                "--config",
                "demo-mlic-kd-wsd",
                "--data",
                Scenes,
                "--out",
                Detector,
                "--set",
                "mlic.role=teacher",
                "classifier.side=0",
                "classifier.width=2",
                "mlic.proposals=20",
                "images.flip=false",
                "images.crop_padding=0",
                "optimizer.learning_rate=0.01",
                "training.batch=3",
                "training.steps=60"
            )
        );
    }

    [Test]
    public void Evaluate_says_how_well_it_localizes()
    {
        string csv = PathOf("scores.csv");
        (int code, string output, string errors) = Run(
            "evaluate",
            "--run",
            Detector,
            "--data",
            Scenes,
            "--split",
            "test",
            "--csv",
            csv
        );
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("mean CorLoc").And.Contain("cor loc edges").And.Contain("cor loc random"));
        Assert.That(File.ReadLines(csv).First(), Does.EndWith(",cor_loc"));
    }

    /// <summary>Proposals of a file beside the images, or windows where there is none.</summary>
    [Test]
    public void Predict_writes_the_best_place_of_each_label([Values] bool hasProposals)
    {
        string found = PathOf($"found-{hasProposals}");
        RequireSuccess(
            Run("predict", "--run", Detector, "--in", hasProposals ? Scenes : Path.Combine(Scenes, "images"), "--out", found)
        );
        string[] predictions = File.ReadAllLines(Path.Combine(found, "predictions.csv")),
            boxes = File.ReadAllLines(Path.Combine(found, "boxes.csv"));
        Assert.That(predictions, Has.Length.EqualTo(1 + 5));
        Assert.That(boxes[0], Is.EqualTo("file,x1,y1,x2,y2,label,score"));
        int labels = predictions.Skip(1).Sum(row => row.Split(',')[1].Split(';', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.That(labels, Is.GreaterThan(0), "it knows the images that it learnt from");
        Assert.That(boxes, Has.Length.EqualTo(1 + labels));
        string proposals = File.ReadAllText(Path.Combine(Scenes, "proposals.csv"));
        foreach (string[] row in boxes.Skip(1).Select(row => row.Split(',')))
            Assert.That(proposals.Contains($"{string.Join(',', row[..5])},", StringComparison.Ordinal), Is.EqualTo(hasProposals));
    }
}
