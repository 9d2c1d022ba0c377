using System.IO.Compression;
using System.Text.Json;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>Models in one file: what they predict, what they say, and what damaged ones end in.</summary>
internal sealed class PackageVerbTests : CommandLine
{
    private string TrainedRun => PathOf("run");

    private string Package => PathOf("model.useg");

    private string Volume => Path.Combine(Data, "imagesTs", "ct_003_0000.nii.gz");

    [OneTimeSetUp]
    public void PackOnce()
    {
        RequireSuccess(Train("run", "--set", "training.validate_every=2"));
        File.WriteAllText(PathOf("terms.txt"), "For research.\nNo warranty.\n");
        RequireSuccess(Run("package", "--run", TrainedRun, "--out", Package, "--licence", PathOf("terms.txt")));
    }

    [Test]
    public void A_package_predicts_what_its_run_does()
    {
        string byRun = PathOf("by-run"),
            byPackage = PathOf("by-package");
        RequireSuccess(Predict("--run", TrainedRun, byRun));
        RequireSuccess(Predict("--model", Package, byPackage));
        byte[] expected = File.ReadAllBytes(Path.Combine(byRun, "ct_003.nii.gz"));
        Assert.That(File.ReadAllBytes(Path.Combine(byPackage, "ct_003.nii.gz")), Is.EqualTo(expected));

        using var model = TrainedModel.Open(Package);
        Assert.That(
            model.Segment(NiftiFile.Open(Volume).ToFloatVolume(), "CT").Voxels,
            Is.EqualTo(NiftiFile.Open(Path.Combine(byRun, "ct_003.nii.gz")).ToLabelVolume().Voxels)
        );
    }

    [Test]
    public void The_same_run_makes_the_same_file_and_no_names_of_cases_are_in_it()
    {
        RequireSuccess(Run("package", "--run", TrainedRun, "--out", PathOf("again.useg"), "--licence", PathOf("terms.txt")));
        Assert.That(File.ReadAllBytes(PathOf("again.useg")).AsSpan().SequenceEqual(File.ReadAllBytes(Package)));
        using ZipArchive zip = ZipFile.OpenRead(Package);
        foreach (
            ZipArchiveEntry entry in zip.Entries.Where(entry => !entry.Name.EndsWith(".safetensors", StringComparison.Ordinal))
        )
        {
            using var reader = new StreamReader(entry.Open());
            string text = reader.ReadToEnd();
            Assert.That(
                text,
                Does.Not.Contain("ct_000").And.Not.Contain(Folder).And.Not.Contain($"\"{Environment.MachineName}\"")
            );
        }
    }

    [Test]
    public void A_package_is_exported_as_its_run_is()
    {
        RequireSuccess(Run("export", "--run", TrainedRun, "--onnx", PathOf("run.onnx"), "--modality", "CT"));
        RequireSuccess(Run("export", "--run", Package, "--onnx", PathOf("package.onnx"), "--modality", "CT"));
        Assert.That(File.ReadAllBytes(PathOf("package.onnx")).AsSpan().SequenceEqual(File.ReadAllBytes(PathOf("run.onnx"))));
    }

    [Test]
    public void A_package_says_what_it_is()
    {
        (int code, string text, _) = Run("model", "show", Package);
        Assert.That(code, Is.Zero);
        Assert.That(text, Does.Contain("CT, MR").And.Contain("liver").And.Contain("2 CT, 2 MR").And.Contain("For research."));
        Assert.That(text, Does.Contain("step 2, chosen by validation").And.Contain("mean_dice"));
        JsonElement json = JsonDocument.Parse(Run("model", "show", Package, "--json").Output).RootElement;
        Assert.That(json.GetProperty("model").GetProperty("classes")[1].GetString(), Is.EqualTo("liver"));
        Assert.That(json.GetProperty("training").GetProperty("step").GetInt64(), Is.EqualTo(2));
        string fingerprint = json.GetProperty("training").GetProperty("data").GetString()!;
        Assert.That(fingerprint, Has.Length.EqualTo(32));

        // A run says the same.
        Assert.That(Run("model", "show", TrainedRun).Output, Does.Contain(fingerprint).And.Contain("none given"));
    }

    [Test]
    public void A_damaged_or_foreign_file_is_one_line()
    {
        byte[] bytes = File.ReadAllBytes(Package);
        File.WriteAllBytes(PathOf("cut.useg"), bytes[..(bytes.Length / 2)]);
        byte[] changed = [.. bytes];
        changed[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(PathOf("changed.useg"), changed);
        File.WriteAllText(PathOf("text.useg"), "no zip");
        Zip("foreign.useg", ("a.txt", "a"));
        Zip("empty.useg", ("package.json", "{}"));
        Zip("upwards.useg", ("package.json", Manifest("../evil")));
        Zip("lacking.useg", ("package.json", Manifest("LICENSE")));
        foreach (string name in new[] { "cut", "changed", "text", "foreign", "empty", "upwards", "lacking" })
        {
            RequireOneLine(Run("model", "show", PathOf($"{name}.useg")), 3, $"{name}.useg", "no package of a model");
            RequireOneLine(Predict("--model", PathOf($"{name}.useg"), PathOf("none")), 3, $"{name}.useg");
        }

        RequireOneLine(Run("model", "show", PathOf("missing.useg")), 3, "no such file or folder");
        Assert.That(Directory.Exists(PathOf("none")), Is.False);
    }

    [Test]
    public void What_cannot_be_is_refused()
    {
        RequireOneLine(Run("predict", "--in", Volume, "--out", PathOf("none")), 2, "--run", "--model");
        RequireOneLine(Predict("--model", Package, PathOf("none"), "--last"), 2, "one set of weights");
        RequireOneLine(Predict("--run", Package, PathOf("none")), 2, "is given by --model");
        RequireOneLine(Run("package", "--run", TrainedRun, "--out", Package), 2, "exists", "--overwrite");
        RequireOneLine(
            Run("package", "--run", TrainedRun, "--out", PathOf("none.useg"), "--licence", PathOf("no.txt")),
            3,
            "no.txt"
        );
        Assert.That(File.Exists(PathOf("none.useg")), Is.False);
    }

    private (int Code, string Output, string Errors) Predict(string option, string path, string output, params string[] more) =>
        Run(["predict", option, path, "--modality", "CT", "--in", Volume, "--out", output, .. more]);

    private void Zip(string name, params (string Name, string Text)[] entries)
    {
        using ZipArchive zip = ZipFile.Open(PathOf(name), ZipArchiveMode.Create);
        foreach ((string entry, string text) in entries)
        {
            using var writer = new StreamWriter(zip.CreateEntry(entry, CompressionLevel.NoCompression).Open());
            writer.Write(text);
        }
    }

    private static string Manifest(string file) =>
        """
            {"format":1,"task":"segmentation","version":"","git_hash":"","step":1,"is_best":true,"data":null,"cases":{},
            "metrics":{},"files":{"FILE":{"size":1,"xx_hash128":""}}}
            """.Replace("FILE", file);
}
