namespace UnpairedSegEngine.Cli.Tests;

/// <summary>Runs as files for other programs. What the files compute is tested in Segmentation.Tests/Export.</summary>
internal sealed class ExportVerbTests : CommandLine
{
    private string TrainedRun => PathOf("run");

    [OneTimeSetUp]
    public void TrainOnce() => Assert.That(Train("run").Code, Is.Zero);

    [Test]
    public void There_is_an_onnx_file_for_each_modality()
    {
        string file = PathOf("model.onnx");
        (int code, string text, _) = Run("export", "--run", TrainedRun, "--onnx", file);
        Assert.That(code, Is.Zero);
        Assert.That(
            text.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            Is.EqualTo(new[] { PathOf("model.CT.onnx"), PathOf("model.MR.onnx") })
        );
        Assert.That(File.ReadAllBytes(PathOf("model.CT.onnx")), Is.Not.EqualTo(File.ReadAllBytes(PathOf("model.MR.onnx"))));
        RequireOneLine(Run("export", "--run", TrainedRun, "--onnx", file), 2, "model.CT.onnx': exists", "--overwrite");
        Assert.That(Run("export", "--run", TrainedRun, "--onnx", file, "--modality", "CT").Code, Is.Zero);
        Assert.That(File.ReadAllBytes(file), Is.EqualTo(File.ReadAllBytes(PathOf("model.CT.onnx"))));
    }

    [Test]
    public void What_cannot_be_exported_is_refused()
    {
        RequireOneLine(Run("export", "--run", TrainedRun), 2, "nothing to write");
        RequireOneLine(Run("export", "--run", Data, "--onnx", PathOf("none.onnx")), 3, "no run folder");
        RequireOneLine(
            Run("export", "--run", TrainedRun, "--onnx", PathOf("none.onnx"), "--modality", "PET"),
            3,
            "the model knows CT, MR"
        );
        Assert.That(File.Exists(PathOf("none.onnx")), Is.False);
    }
}
