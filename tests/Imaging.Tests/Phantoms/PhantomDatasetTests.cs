using System.Text.Json;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Imaging.Tests.Phantoms;

public sealed class PhantomDatasetTests
{
    private static readonly PhantomDatasetOptions Small = new()
    {
        Training = 2,
        Validation = 1,
        Test = 1,
        Size = 32,
        Slices = 4,
        Seed = 5,
    };

    [Test]
    public void HasTheNnUnetLayoutWithDomains()
    {
        using var folder = new TemporaryFolder();
        var reports = new List<(int, int)>();
        PhantomDataset.Write(
            folder.File("set"),
            Small,
            (done, of) =>
            {
                lock (reports)
                    reports.Add((done, of));
            }
        );

        Assert.That(
            Names(folder, "imagesTr"),
            Is.EqualTo([
                "ct_000_0000.nii.gz",
                "ct_001_0000.nii.gz",
                "ct_002_0000.nii.gz",
                "mr_000_0000.nii.gz",
                "mr_001_0000.nii.gz",
                "mr_002_0000.nii.gz",
            ])
        );
        Assert.That(
            Names(folder, "labelsTr"),
            Is.EqualTo(["ct_000.nii.gz", "ct_001.nii.gz", "ct_002.nii.gz", "mr_000.nii.gz", "mr_001.nii.gz", "mr_002.nii.gz"])
        );
        Assert.That(Names(folder, "imagesTs"), Is.EqualTo(["ct_003_0000.nii.gz", "mr_003_0000.nii.gz"]));
        Assert.That(Names(folder, "labelsTs"), Is.EqualTo(["ct_003.nii.gz", "mr_003.nii.gz"]));
        Assert.That(reports.Order(), Is.EqualTo(Enumerable.Range(1, 8).Select(i => (i, 8))));

        var manifest = Json(folder, "dataset.json");
        Assert.That(manifest.GetProperty("numTraining").GetInt32(), Is.EqualTo(6));
        Assert.That(manifest.GetProperty("labels").GetProperty("spleen").GetInt32(), Is.EqualTo(4));
        Assert.That(
            Strings(manifest.GetProperty("domains").GetProperty("MR")),
            Is.EqualTo(["mr_000", "mr_001", "mr_002", "mr_003"])
        );
        var fold = Json(folder, "splits_final.json")[0];
        Assert.That(Strings(fold.GetProperty("train")), Is.EqualTo(["ct_000", "ct_001", "mr_000", "mr_001"]));
        Assert.That(Strings(fold.GetProperty("val")), Is.EqualTo(["ct_002", "mr_002"]));
    }

    [Test]
    public void AThirdModalityIsADomainOfItsOwn()
    {
        using var folder = new TemporaryFolder();
        PhantomDataset.Write(
            folder.File("set"),
            Small with
            {
                Modalities = [PhantomModality.CT, PhantomModality.MR, PhantomModality.T1],
            }
        );
        var manifest = Json(folder, "dataset.json");
        Assert.That(
            Strings(manifest.GetProperty("domains").GetProperty("T1")),
            Is.EqualTo(["t1_000", "t1_001", "t1_002", "t1_003"])
        );
        Assert.That(manifest.GetProperty("description").GetString(), Does.Contain("CT-like and MR-like and T1-like"));
        var image = NiftiFile.Open(Path.Combine(folder.File("set"), "imagesTs", "t1_003_0000.nii.gz"));
        var phantom = PhantomGenerator.Create(PhantomAnatomy.Abdomen, PhantomModality.T1, 3, 5, 32, 4);
        Assert.That(image.ToFloatVolume().Voxels, Is.EqualTo(phantom.Image.Voxels));
    }

    [Test]
    public void FilesHoldTheGeneratorsVolumes()
    {
        using var folder = new TemporaryFolder();
        PhantomDataset.Write(folder.File("set"), Small);
        var phantom = PhantomGenerator.Create(PhantomAnatomy.Abdomen, PhantomModality.MR, 3, 5, 32, 4);
        var image = NiftiFile.Open(Path.Combine(folder.File("set"), "imagesTs", "mr_003_0000.nii.gz"));
        var labels = NiftiFile.Open(Path.Combine(folder.File("set"), "labelsTs", "mr_003.nii.gz")).ToLabelVolume();
        Assert.That(image.ToFloatVolume().Voxels, Is.EqualTo(phantom.Image.Voxels));
        Assert.That(labels.Voxels, Is.EqualTo(phantom.Labels.Voxels));
        Assert.That(image.Geometry.Matches(labels.Geometry, out var difference), difference);
    }

    [Test]
    public void FolderWithFilesIsRefusedAndKept()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("mine.txt"), "keep");
        Assert.That(
            () => PhantomDataset.Write(folder.Path, Small),
            Throws.TypeOf<UsageException>().With.Message.Contains("not empty")
        );
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Has.Length.EqualTo(1));
    }

    [TestCase(8, 4)]
    [TestCase(64, 0)]
    public void ImpossibleSizeLeavesNoFolder(int size, int slices)
    {
        using var folder = new TemporaryFolder();
        Assert.That(
            () => PhantomDataset.Write(folder.File("set"), Small with { Size = size, Slices = slices }),
            Throws.TypeOf<UsageException>().With.Message.Contains($"{size}x{size}x{slices}")
        );
        Assert.That(Directory.Exists(folder.File("set")), Is.False);
    }

    [Test]
    public void NothingToTrainOnIsRefused() =>
        Assert.That(
            () => PhantomDataset.Write("never", Small with { Training = 0 }),
            Throws.TypeOf<UsageException>().With.Message.Contains("0 training")
        );

    private static string[] Names(TemporaryFolder folder, string part) =>
        [
            .. Directory
                .GetFiles(Path.Combine(folder.File("set"), part))
                .Select(f => Path.GetFileName(f))
                .Order(StringComparer.Ordinal),
        ];

    private static JsonElement Json(TemporaryFolder folder, string name) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.File("set"), name))).RootElement;

    private static string[] Strings(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetString()!)];
}
