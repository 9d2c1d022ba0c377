using System.Text.Json;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Segmentation.Tests.Runs;

public sealed class RunFolderTests
{
    private static readonly RunInfo Info = RunInfo.OfThisProcess(["train", "--steps", "5"]);

    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void ANewRunRecordsConfigurationAndOrigin()
    {
        TrainingConfig config = ConfigLoader.Load(null, ["training.steps=5", "data.normalization.CT=zscore"]);
        string path = folder.File("run");
        RunFolder.Create(path, config, Info);

        using JsonDocument info = JsonDocument.Parse(File.ReadAllText(Path.Combine(path, "run.json")));
        RunFolder opened = RunFolder.Open(path);
        Assert.Multiple(() =>
        {
            Assert.That(
                Directory.EnumerateFileSystemEntries(path).Select(Path.GetFileName),
                Is.EquivalentTo(new[] { ".lock", "config.yaml", "run.json", "checkpoints", "pictures" })
            );
            Assert.That(opened.Config.Training.Steps, Is.EqualTo(5));
            Assert.That(opened.Config.Data.Normalization["CT"], Is.EqualTo("zscore"));
            Assert.That(
                info.RootElement.GetProperty("command_line").EnumerateArray().Select(e => e.GetString()),
                Is.EqualTo(new[] { "train", "--steps", "5" })
            );
            Assert.That(info.RootElement.GetProperty("version").GetString(), Is.EqualTo("0.1.0"));
            Assert.That(info.RootElement.GetProperty("processors").GetInt32(), Is.Positive);
        });
    }

    [Test]
    public void AnEmptyFolderIsUsed() =>
        Assert.That(() => RunFolder.Create(folder.Path, new TrainingConfig(), Info), Throws.Nothing);

    [Test]
    public void AnExistingRunIsRefused()
    {
        RunFolder.Create(folder.Path, new TrainingConfig(), Info);
        Assert.That(
            () => RunFolder.Create(folder.Path, new TrainingConfig(), Info),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(folder.Path).And.Message.Contains("--resume")
        );
    }

    [Test]
    public void AFileIsRefused()
    {
        File.WriteAllText(folder.File("run"), "");
        Assert.That(
            () => RunFolder.Create(folder.File("run"), new TrainingConfig(), Info),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("is a file")
        );
    }

    [Test]
    public void AnyOtherFolderIsNoRun() =>
        Assert.That(
            () => RunFolder.Open(folder.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("no run folder")
        );
}
