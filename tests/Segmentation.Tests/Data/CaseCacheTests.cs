using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

[TestFixture]
public class CaseCacheTests
{
    private SyntheticDataset data = null!;

    [SetUp]
    public void CreateDataset() => data = new SyntheticDataset();

    [TearDown]
    public void DeleteDataset() => data.Dispose();

    [Test]
    public void Cache_HoldsEveryCaseAndStatesItsSize()
    {
        CaseCache cache = data.Load(threads: 2);
        Assert.That(cache.Cases.Select(c => c.Id), Is.EqualTo(new[] { "ct_0", "ct_1", "ct_2", "mr_0", "mr_1", "mr_2" }));
        Assert.That(cache.Bytes, Is.EqualTo(6 * SyntheticDataset.Slices * 16 * 16 * 3));
        Assert.That(cache.ToString(), Is.EqualTo("6 cases, 42 slices, 1 MiB"));
    }

    [Test]
    public void Histograms_CountTheClassesOfEverySlice()
    {
        PreparedCase prepared = data.Load(size: SyntheticDataset.Width).Cases[0];
        Assert.That(prepared.ClassHistograms.Select(h => h[1]), Is.EqualTo(new[] { 0, 0, 64, 64, 64, 0, 0 }));
        Assert.That(prepared.ClassHistograms.Select(h => h[2]), Is.EqualTo(new[] { 0, 0, 0, 0, 16, 16, 0 }));
    }

    [Test]
    public void Budget_IsKept()
    {
        SegmentationDataset dataset = data.Open();
        Assert.That(
            () => CaseCache.Load(dataset.Cases, dataset, SyntheticDataset.Settings(), budgetBytes: 10_000),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("exceed the memory budget").And.Message.Contains("16x16")
        );
    }

    [Test]
    public void UnknownLabelValue_IsRefusedWithCaseValueAndCount()
    {
        data.WriteCase("mr_1", changeLabel: label => label.Voxels.AsSpan(0, 5).Fill(7));
        Assert.That(
            () => data.Load(),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.StartsWith("case 'mr_1':")
                .And.Message.Contains("7 (5 voxels), expected 0 to 2")
        );
    }

    [Test]
    public void NonFiniteVoxels_AreRefusedWithCaseAndCount()
    {
        data.WriteCase("ct_1", changeImage: image => (image[3, 2, 1], image[4, 2, 1]) = (float.NaN, float.PositiveInfinity));
        Assert.That(
            () => data.Load(),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.StartsWith("case 'ct_1':")
                .And.Message.Contains("has 2 voxels that are NaN or infinite, the first at (3, 2, 1)")
        );
    }

    [Test]
    public void OtherShape_IsRefusedWithBoth()
    {
        NiftiWriter.Write(data.LabelPath("ct_2"), new Volume<byte>(SyntheticDataset.GridOf(slices: 6)));
        Assert.That(
            () => data.Load(),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.StartsWith("case 'ct_2':")
                .And.Message.Contains("has shape 24x20x6, expected its image's 24x20x7")
        );
    }

    [Test]
    public void OtherPlace_IsRefused()
    {
        NiftiWriter.Write(data.LabelPath("ct_2"), new Volume<byte>(SyntheticDataset.GridOf(originX: 0.5)));
        Assert.That(
            () => data.Load(),
            Throws.TypeOf<InvalidDataException>().With.Message.StartsWith("case 'ct_2':").And.Message.Contains("origin")
        );
    }

    [Test]
    public void TruncatedFile_IsRefusedByName()
    {
        byte[] bytes = File.ReadAllBytes(data.ImagePath("mr_0"));
        File.WriteAllBytes(data.ImagePath("mr_0"), bytes[..(bytes.Length / 2)]);
        Assert.That(() => data.Load(), Throws.TypeOf<InvalidDataException>().With.Message.Contains("mr_0_0000.nii.gz"));
    }

    [Test]
    public void FirstBadCase_IsNamedWhateverTheThreads([Values(1, 4)] int threads)
    {
        data.WriteCase("ct_1", changeLabel: label => label.Voxels[0] = 9);
        data.WriteCase("mr_2", changeLabel: label => label.Voxels[0] = 9);
        Assert.That(() => data.Load(threads), Throws.TypeOf<InvalidDataException>().With.Message.StartsWith("case 'ct_1':"));
    }

    [Test]
    public void EvenSliceCount_IsRefused()
    {
        SegmentationDataset dataset = data.Open();
        PreprocessingSettings even = SyntheticDataset.Settings() with { Shape = new SampleShape(16, 16, 2) };
        Assert.That(
            () => CaseCache.Load(dataset.Cases, dataset, even),
            Throws.ArgumentException.With.Message.Contains("odd count")
        );
    }
}
