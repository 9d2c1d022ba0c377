using System.Diagnostics;
using System.IO.Hashing;
using System.Text.Json;
using UnpairedSegEngine.Checkpoints;

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

    /// <summary>By an independent reader: the sample for Python, which needs nothing but its standard library.</summary>
    [Test]
    public void Weights_are_read_by_python()
    {
        ShellScript.Require("python3");
        string file = PathOf("weights.safetensors");
        RequireSuccess(Run("export", "--run", TrainedRun, "--weights", file));
        SafetensorsContents contents = SafetensorsFile.Read(file);
        var checksum = new Crc32();
        foreach (NamedArray array in contents.Arrays)
            checksum.Append(array.Bytes.Span);
        var start = new ProcessStartInfo(
            "python3",
            ["-B", Path.Combine(Repository.Root, "samples", "load_weights.py"), file, "MR"]
        )
        {
            RedirectStandardOutput = true,
        };
        using Process python = Process.Start(start)!;
        string[] lines = python.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        python.WaitForExit();
        Assert.That(python.ExitCode, Is.Zero);
        Assert.That(
            lines[^1],
            Is.EqualTo(
                $"{contents.Arrays.Count} arrays, {contents.Arrays.Sum(array => array.Shape.Count)} numbers, "
                    + $"crc32 {checksum.GetCurrentHashAsUInt32():x8}"
            )
        );
        Assert.That(lines[^2], Does.StartWith("g1.rb1.conv1.norm of MR: first channel x * "));
        Assert.That(contents.Metadata["normalization.CT"], Does.Contain("percentile"));
    }

    [Test]
    public void A_bundle_has_the_parts_that_monai_asks_for()
    {
        string bundle = PathOf("bundle");
        RequireSuccess(Run("export", "--run", TrainedRun, "--bundle", bundle, "--modality", "CT"));
        string[] files =
        [
            .. Directory
                .EnumerateFiles(bundle, "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(bundle, file).Replace('\\', '/'))
                .Order(StringComparer.Ordinal),
        ];
        Assert.That(
            files,
            Is.EqualTo(["LICENSE", "configs/metadata.json", "docs/README.md", "models/model.onnx", "models/model.safetensors"])
        );
        JsonElement metadata = JsonDocument.Parse(File.ReadAllText(Path.Combine(bundle, "configs", "metadata.json"))).RootElement;
        JsonElement image = metadata.GetProperty("network_data_format").GetProperty("inputs").GetProperty("image");
        Assert.That(image.GetProperty("num_channels").GetInt32(), Is.EqualTo(3));
        Assert.That(image.GetProperty("spatial_shape")[0].GetString(), Is.EqualTo("8*n"));
        Assert.That(
            metadata.EnumerateObject().Select(property => property.Name),
            Is.SupersetOf(
                new[] { "version", "monai_version", "pytorch_version", "numpy_version", "task", "description", "authors" }
            )
        );
        RequireOneLine(Run("export", "--run", TrainedRun, "--bundle", bundle), 2, "exists; name a new folder");
    }

    [Test]
    public void Classifiers_are_exported_and_packed()
    {
        string images = PathOf("images"),
            run = PathOf("classifier"),
            png = Directory.EnumerateFiles(MakeImages(images), "*.png", SearchOption.AllDirectories).Order().First();
        RequireSuccess(
            Run(
                "train",
                "--config",
                "demo-adain-kd",
                "--data",
                images,
                "--out",
                run,
                "--set",
                "adain.adaptive=0",
                "classifier.width=2",
                "training.batch=2",
                "training.steps=1"
            )
        );
        RequireSuccess(Run("export", "--run", run, "--onnx", PathOf("images.onnx"), "--weights", PathOf("images.safetensors")));
        RequireOneLine(Run("export", "--run", run, "--bundle", PathOf("none")), 2, "classifies images");
        RequireSuccess(Run("package", "--run", run, "--out", PathOf("images.useg")));
        RequireSuccess(Run("predict", "--run", run, "--in", png, "--out", PathOf("by-run")));
        RequireSuccess(Run("predict", "--model", PathOf("images.useg"), "--in", png, "--out", PathOf("by-package")));
        Assert.That(
            File.ReadAllText(Path.Combine(PathOf("by-package"), "predictions.csv")),
            Is.EqualTo(File.ReadAllText(Path.Combine(PathOf("by-run"), "predictions.csv")))
        );
        Assert.That(Run("model", "show", PathOf("images.useg")).Output, Does.Contain("resnet, depth 8"));
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

    private static string MakeImages(string folder)
    {
        RequireSuccess(Run("images", "--kind", "shapes10", "--out", folder, "--train", "10", "--test", "10"));
        return folder;
    }
}
