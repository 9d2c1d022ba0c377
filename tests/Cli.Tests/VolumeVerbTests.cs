using System.Text.Json;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>The 3D network from preprocessing to metrics, as a user runs it.</summary>
internal sealed class VolumeVerbTests : CommandLine
{
    [Test]
    public void Preprocess_train_evaluate_and_predict_in_3D()
    {
        string prepared = PathOf("prepared"),
            run = PathOf("run3d"),
            labels = PathOf("labels3d");
        (int code, string output, string errors) = Run("preprocess", "--data", Data, "--out", prepared, "--spacing", "12,12,12");
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("--set data.spacing=12,12,12"));
        string[] blocks = ["--network", "unet3d", "--size", "16", "--set", "data.spacing=12,12,12", "--set", "data.depth=8"];
        (code, _, errors) = Run(TrainCommand(prepared, run, blocks));
        Assert.That(code, Is.Zero, errors);

        (code, output, errors) = Run(
            "evaluate",
            "--run",
            run,
            "--data",
            prepared,
            "--split",
            "test",
            "--json",
            PathOf("r.json"),
            "--csv",
            PathOf("r.csv"),
            "--markdown",
            PathOf("r.md"),
            "--largest-component",
            "all"
        );
        Assert.That(code, Is.Zero, errors);
        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(PathOf("r.json")));
        Assert.That(
            report.RootElement.GetProperty("definitions").GetProperty("hd95_mm").GetString(),
            Does.Contain("percentiles")
        );
        Assert.That(
            report
                .RootElement.GetProperty("cases")[0]
                .GetProperty("scores")
                .EnumerateObject()
                .First()
                .Value.GetProperty("presence")
                .GetString(),
            Is.Not.Empty
        );
        Assert.That(File.ReadAllLines(PathOf("r.csv"))[0], Does.StartWith("case,modality,organ,presence,dice"));
        Assert.That(
            File.ReadAllText(PathOf("r.md")),
            Does.Contain("| organ | dice | iou | hd_mm (found only) | hd95_mm (found only) | assd_mm (found only) | nsd |")
        );

        string image = Directory.GetFiles(Path.Combine(prepared, "imagesTs"), "ct_*").Single();
        (code, _, errors) = Run(
            "predict",
            "--run",
            run,
            "--modality",
            "CT",
            "--in",
            image,
            "--out",
            labels,
            "--save-probabilities",
            "--blend",
            "uniform",
            "--overlap",
            "0.25",
            "--tta",
            "mirror"
        );
        Assert.That(code, Is.Zero, errors);
        Assert.That(errors, Does.Contain("trained without mirroring"));
        string name = Path.GetFileName(image).Replace("_0000", "", StringComparison.Ordinal);
        Geometry original = NiftiFile.Open(Path.Combine(Data, "imagesTs", Path.GetFileName(image))).Geometry;
        Assert.That(
            NiftiFile.Open(Path.Combine(labels, name)).Geometry.Matches(original, out string difference),
            $"the grid before preprocessing: {difference}"
        );
        string[] probabilities = Directory.GetFiles(Path.Combine(labels, "probabilities"));
        Assert.That(probabilities, Has.Length.EqualTo(5));
        Assert.That(probabilities.Sum(path => NiftiFile.Open(path).ToFloatVolume().Voxels[0]), Is.EqualTo(1).Within(0.02));

        (code, output, errors) = Run("predict", "--run", run, "--modality", "CT", "--in", image, "--out", labels, "--continue");
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("(exists)"));
    }

    [Test]
    public void Label_folders_of_other_programs_are_scored()
    {
        string references = Path.Combine(Data, "labelsTs");
        (int code, string output, string errors) = Run(
            "evaluate",
            "--predictions",
            references,
            "--references",
            references,
            "--csv",
            PathOf("same.csv")
        );
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("mean Dice over organs: CT 1.000, MR 1.000"));
        Assert.That(File.ReadAllLines(PathOf("same.csv"))[1].Split(',')[4..9], Is.EqualTo(new[] { "1", "1", "0", "0", "0" }));

        Assert.That(output, Does.Contain("hd95_mm (found only)").And.Contain("hd95_penalized_mm"));

        string empty = Directory.CreateDirectory(PathOf("empty")).FullName;
        RequireOneLine(Run("evaluate", "--predictions", empty, "--references", references), 3, "has no prediction for");
        RequireOneLine(Run("evaluate", "--predictions", empty, "--references", empty), 3, "has no .nii, .nii.gz or .hdr file");
        RequireOneLine(
            Run("evaluate", "--predictions", references, "--references", references, "--classes", "liver"),
            3,
            "but there are 1 classes: liver"
        );
        RequireOneLine(
            Run("evaluate", "--predictions", references),
            2,
            "either --run and --data, or --predictions and --references"
        );
    }

    [Test]
    public void Bad_arguments_are_one_line()
    {
        RequireOneLine(Run("preprocess", "--data", Data, "--out", PathOf("p"), "--spacing", "3,3"), 2, "--spacing '3,3'");
        RequireOneLine(Run("evaluate", "--predictions", "a", "--references", "b", "--tolerance", "-1"), 2, "--tolerance is '-1'");
        RequireOneLine(
            Run("train", "--data", Data, "--out", PathOf("n"), "--network", "unet3d", "--size", "20"),
            2,
            "data.size is 20, expected a multiple of 8"
        );
    }
}
