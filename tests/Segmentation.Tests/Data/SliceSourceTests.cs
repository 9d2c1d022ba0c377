using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

[TestFixture]
public class SliceSourceTests
{
    private SyntheticDataset data = null!;
    private SegmentationDataset dataset = null!;
    private CaseCache cache = null!;

    [OneTimeSetUp]
    public void LoadDataset()
    {
        data = new SyntheticDataset();
        dataset = data.Open();
        cache = data.Load();
    }

    [OneTimeTearDown]
    public void DeleteDataset() => data.Dispose();

    [Test]
    public void ForegroundFraction_DecidesWhatIsDrawn([Values(0f, 1f)] float fraction)
    {
        // The spleen is in 2 of 7 slices (0.286); drawn by class it is half of the draws plus the slice it shares with the liver.
        var source = new SliceSource(cache.Cases, dataset.Modalities, 3, fraction);
        const int draws = 6000;
        int spleen = 0,
            foreground = 0;
        var stream = new PhiloxStream(3, 0, 0, 0);
        for (int i = 0; i < draws; i++)
        {
            (PreparedCase drawn, int slice) = source.Choose(dataset.Modalities[0], ref stream);
            Assert.That(drawn.Modality.Name, Is.EqualTo("CT"));
            spleen += slice is 4 or 5 ? 1 : 0;
            foreground += slice is >= 2 and <= 5 ? 1 : 0;
        }
        double expected = fraction == 0 ? 2.0 / 7 : 0.5 + (0.5 / 3);
        Assert.That(spleen / (double)draws, Is.EqualTo(expected).Within(0.03));
        Assert.That(foreground, fraction == 1 ? Is.EqualTo(draws) : Is.LessThan(draws));
    }

    [Test]
    public void Sample_IsTheSliceAndItsLabels()
    {
        var source = new SliceSource(cache.Cases, dataset.Modalities, 3);
        var (first, second) = (new PhiloxStream(3, 5, 0, 0), new PhiloxStream(3, 5, 0, 0));
        var (image, expected) = (new float[source.Shape.ImageLength], new float[source.Shape.ImageLength]);
        var labels = new byte[source.Shape.PixelCount];
        SampleOrigin origin = source.Draw(dataset.Modalities[1], ref first, image, labels);
        (PreparedCase drawn, int slice) = source.Choose(dataset.Modalities[1], ref second);
        drawn.ReadImages(slice, 1, 3, expected);
        Assert.That(image, Is.EqualTo(expected));
        Assert.That(labels, Is.EqualTo(drawn.LabelsOf(slice).ToArray()));
        Assert.That(origin.ToString(), Is.EqualTo($"{drawn.Id} slice {slice}"));
    }

    [Test]
    public void LoaderOnSlices_DoesNotDependOnThreads()
    {
        Assert.That(Images(loaderThreads: 3, cacheThreads: 4), Is.EqualTo(Images(loaderThreads: 1, cacheThreads: 1)));

        float[] Images(int loaderThreads, int cacheThreads)
        {
            var source = new SliceSource(data.Load(cacheThreads).Cases, dataset.Modalities, 3);
            using var loader = new BatchLoader(
                new VariedSamples(source, new Augmentation(new AugmentationSettings())),
                2,
                seed: 4,
                threadCount: loaderThreads
            );
            return
            [
                .. Enumerable
                    .Range(0, 6)
                    .SelectMany(_ =>
                    {
                        using LoadedBatch batch = loader.Next();
                        return batch[VariedSamples.Images].Elements<float>().ToArray();
                    }),
            ];
        }
    }

    [Test]
    public void ModalityWithoutForeground_IsDrawnFromAllItsSlices(
        [Values(0f, 0.5f, 1f)] float fraction,
        [Values] bool classesUniform
    )
    {
        using var blank = new SyntheticDataset();
        foreach (string id in new[] { "mr_0", "mr_1", "mr_2" })
            blank.WriteCase(id, changeLabel: label => label.Voxels.AsSpan().Clear());
        var source = new SliceSource(blank.Load().Cases, dataset.Modalities, 3, fraction, classesUniform);
        var stream = new PhiloxStream(3, 0, 0, 0);
        var drawn = new HashSet<(string, int)>();
        for (int i = 0; i < 300; i++)
        {
            (PreparedCase from, int slice) = source.Choose(dataset.Modalities[1], ref stream);
            drawn.Add((from.Id, slice));
        }

        Assert.That(drawn, Has.Count.EqualTo(3 * SyntheticDataset.Slices));
    }

    [Test]
    public void ModalityWithoutCases_IsRefused() =>
        Assert.That(
            () => new SliceSource([.. cache.Cases.Take(3)], dataset.Modalities, 3),
            Throws.ArgumentException.With.Message.EqualTo("modality MR has no case to draw from")
        );
}
