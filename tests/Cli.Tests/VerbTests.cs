using System.Text.Json;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>The verbs, one after the other, as a user runs them.</summary>
internal sealed class VerbTests : CommandLine
{
    [Test]
    public void Train_evaluate_and_predict()
    {
        Assert.That(Train("run", "--set", "training.validate_every=1", "training.log_every=1").Code, Is.Zero);
        foreach (
            string file in new[]
            {
                "config.yaml",
                "run.json",
                "model.json",
                "metrics.jsonl",
                "metrics.csv",
                "pictures/training.png",
            }
        )
            Assert.That(File.Exists(Path.Combine(PathOf("run"), file)), file);
        Assert.That(Directory.GetFiles(PathOf("run"), "events.out.tfevents.*"), Is.Not.Empty);

        (int code, string output, string errors) = Run(
            "evaluate",
            "--run",
            PathOf("run"),
            "--data",
            Data,
            "--split",
            "test",
            "--json",
            PathOf("report.json")
        );
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("overlay-test.png"));
        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(PathOf("report.json")));
        Assert.That(report.RootElement.GetProperty("mean_dice").GetProperty("CT").ValueKind, Is.EqualTo(JsonValueKind.Number));
        Assert.That(report.RootElement.GetProperty("cases").GetArrayLength(), Is.EqualTo(2));

        (code, _, errors) = Run(
            "predict",
            "--run",
            PathOf("run"),
            "--modality",
            "mr",
            "--in",
            Path.Combine(Data, "imagesTs"),
            "--out",
            PathOf("labels")
        );
        Assert.That(code, Is.Zero, errors);
        string image = Directory.GetFiles(Path.Combine(Data, "imagesTs"), "mr_*").Single();
        string prediction = Path.Combine(
            PathOf("labels"),
            Path.GetFileName(image).Replace("_0000", "", StringComparison.Ordinal)
        );
        Geometry grid = NiftiFile.Open(image).Geometry;
        Assert.That(NiftiFile.Open(prediction).Geometry.Matches(grid, out string? difference), difference);
        Assert.That(NiftiFile.Open(prediction).ToLabelVolume().Voxels, Has.All.LessThan((byte)5));
    }

    [Test]
    public void Resuming_takes_no_settings()
    {
        Assert.That(Train("resumed").Code, Is.Zero);
        RequireOneLine(Train("resumed", "--resume"), 2, "--resume");
        (int code, string output, string errors) = Run("train", "--data", Data, "--out", PathOf("resumed"), "--resume");
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("resuming after step 2"));
    }

    [Test]
    public void Inspect_describes_volumes_checkpoints_and_datasets()
    {
        Assert.That(Train("inspected").Code, Is.Zero);
        string image = Directory.GetFiles(Path.Combine(Data, "imagesTr")).First();
        using JsonDocument volume = JsonDocument.Parse(Run("inspect", image, "--json").Output);
        Assert.That(
            volume.RootElement.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32()),
            Is.EqualTo(new[] { 32, 32, 5 })
        );
        Assert.That(volume.RootElement.GetProperty("stored_sha256").GetString(), Has.Length.EqualTo(64));

        string weights = Directory.GetFiles(PathOf("inspected"), "weights.safetensors", SearchOption.AllDirectories).First();
        Assert.That(Run("inspect", weights).Output, Does.Contain("g1.conv0.kernel").And.Contains("out.conv.kernel"));
        using JsonDocument dataset = JsonDocument.Parse(Run("inspect", Data, "--json").Output);
        Assert.That(dataset.RootElement.GetProperty("cases").GetArrayLength(), Is.EqualTo(8));
    }

    [Test]
    public void Info_and_help_say_what_there_is()
    {
        Assert.That(Run("info").Output, Does.Contain("backend").And.Contains("cpu"));
        (int code, string output, _) = Run("--help");
        Assert.That(code, Is.Zero);
        foreach (string verb in new[] { "train", "evaluate", "predict", "phantom", "inspect", "info", "demo" })
            Assert.That(output, Does.Contain(verb));
        Assert.That(Run("train", "--help").Output, Does.Contain("--resume"));
        Assert.That(Run("version").Output, Does.StartWith("unpairedseg 0."));
    }
}
