using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

[TestFixture]
public class BatchLoaderTests
{
    private static readonly Augmentation Augmented = new(new AugmentationSettings { ElasticPixels = 1 });

    [Test]
    public void Batches_DoNotDependOnThreadsOrPrefetch()
    {
        List<float[]> reference = Load(steps: 12, threads: 1, prefetch: 1);
        Assert.That(Load(steps: 12, threads: 4, prefetch: 5), Is.EqualTo(reference));
        Assert.That(Load(steps: 12, threads: 3, prefetch: 2), Is.EqualTo(reference));
    }

    [Test]
    public void ResumedLoader_ContinuesTheSameBatches() =>
        Assert.That(
            Load(steps: 5, threads: 2, prefetch: 3, firstStep: 7),
            Is.EqualTo(Load(steps: 12, threads: 2, prefetch: 3).Skip(7))
        );

    [Test]
    public void OtherSeed_OtherBatches() =>
        Assert.That(Load(steps: 1, threads: 1, prefetch: 1, seed: 2), Is.Not.EqualTo(Load(steps: 1, threads: 1, prefetch: 1)));

    [Test]
    public void Batch_HoldsTheModalitiesOneAfterTheOther()
    {
        using var loader = new BatchLoader(
            new VariedSamples(new NoiseSource(), new Augmentation(AugmentationSettings.None)),
            2,
            seed: 1
        );
        using LoadedBatch batch = loader.Next();
        Assert.That(batch.Groups, Is.EqualTo(new ModalityIndex(2, 0, 0, 1, 1)));
        Assert.That(batch[VariedSamples.Images].Elements<float>(), Has.Length.EqualTo(4 * NoiseSource.Size.ImageLength));
        Assert.That(
            batch[VariedSamples.Labels].Elements<byte>().Chunk(NoiseSource.Size.PixelCount).Select(l => l[0]),
            Is.EqualTo(new byte[] { 0, 0, 1, 1 })
        );
    }

    [Test]
    public void Origins_AreThoseOfTheSamplesWhateverTheThreads()
    {
        Assert.That(Origins(threads: 3), Is.EqualTo(Origins(threads: 1)));
        Assert.That(Origins(threads: 1).Distinct().Count(), Is.GreaterThan(6));

        static string[] Origins(int threads)
        {
            using var loader = new BatchLoader(new VariedSamples(new NoiseSource(), Augmented), 2, seed: 1, threadCount: threads);
            return
            [
                .. Enumerable
                    .Range(0, 5)
                    .SelectMany(_ =>
                    {
                        using LoadedBatch batch = loader.Next();
                        return batch.Origins.Select(origin => origin.ToString()).ToArray();
                    }),
            ];
        }
    }

    [Test]
    public void Description_NamesEverySampleAndWhatTheNetworkSees()
    {
        using var loader = new BatchLoader(
            new VariedSamples(new NoiseSource(), new Augmentation(AugmentationSettings.None)),
            2,
            seed: 1
        );
        using LoadedBatch batch = loader.Next();
        int length = NoiseSource.Size.ImageLength;
        batch[VariedSamples.Images].Elements<float>().AsSpan(length, length).Fill(-7.25f);
        batch[VariedSamples.Images].Elements<float>()[length] = 1e30f;
        batch[VariedSamples.Images].Elements<float>().AsSpan(2 * length, length).Fill(2);
        batch[VariedSamples.Images].Elements<float>()[2 * length] = float.NaN;
        batch[VariedSamples.Images].Elements<float>()[(2 * length) + 1] = float.PositiveInfinity;
        batch[VariedSamples.Images].Elements<float>().AsSpan(3 * length, length).Fill(float.NaN);
        string[] origins = [.. batch.Origins.Select(origin => origin.ToString())];
        Assert.That(origins[0], Does.StartWith("case_0 slice "));
        Assert.That(batch.Describe(), Does.StartWith($"CT: {origins[1]} (-7.25 to 1E+30), {origins[0]} (0."));
        Assert.That(
            batch.Describe(),
            Does.EndWith($"; MR: {origins[2]} (2 to 2, 2 of {length} not finite), {origins[3]} ({length} of {length} not finite)")
        );
    }

    [Test]
    public void Description_OfALargeBatchIsShort()
    {
        using var loader = new BatchLoader(
            new VariedSamples(new NoiseSource(), new Augmentation(AugmentationSettings.None)),
            100,
            seed: 1
        );
        using LoadedBatch batch = loader.Next();
        Assert.That(batch.Describe(), Has.Length.LessThan(2000).And.Contains(" and 84 more; MR: "));
    }

    [Test]
    public void Memory_IsRecycled()
    {
        var seen = new HashSet<float[]>(ReferenceEqualityComparer.Instance);
        using var loader = new BatchLoader(
            new VariedSamples(new NoiseSource(), Augmented),
            1,
            seed: 1,
            threadCount: 2,
            prefetch: 3
        );
        for (int step = 0; step < 20; step++)
        {
            using LoadedBatch batch = loader.Next();
            seen.Add(batch[VariedSamples.Images].Elements<float>());
        }
        Assert.That(seen, Has.Count.LessThanOrEqualTo(3));
    }

    [TestCase(1)]
    [TestCase(3)]
    public void Failure_SurfacesAtItsStepWithItsMessage(int threads)
    {
        using var loader = new BatchLoader(
            new VariedSamples(new NoiseSource { FailingDraw = 9 }, Augmented),
            1,
            seed: 1,
            threadCount: threads,
            prefetch: 3
        );
        Assert.That(
            () =>
            {
                for (int step = 0; step < 20; step++)
                    loader.Next().Dispose();
            },
            Throws.TypeOf<InvalidDataException>().With.Message.EqualTo("case 'ct_07': damaged")
        );
    }

    [Test]
    public void AskingForMoreThanThereAre_IsRefused()
    {
        using var loader = new BatchLoader(new VariedSamples(new NoiseSource(), Augmented), 1, seed: 1, prefetch: 2);
        using LoadedBatch first = loader.Next();
        using LoadedBatch second = loader.Next();
        Assert.That(loader.Next, Throws.InvalidOperationException.With.Message.Contains("all 2 batches are in use"));
        first.Dispose();
        Assert.That(loader.Next().Step, Is.EqualTo(2));
    }

    private static List<float[]> Load(int steps, int threads, int prefetch, long firstStep = 0, ulong seed = 1)
    {
        using var loader = new BatchLoader(
            new VariedSamples(new NoiseSource(), Augmented),
            2,
            seed,
            firstStep,
            threads,
            prefetch
        );
        var images = new List<float[]>();
        for (int i = 0; i < steps; i++)
        {
            using LoadedBatch batch = loader.Next();
            Assert.That(batch.Step, Is.EqualTo(firstStep + i));
            images.Add([.. batch[VariedSamples.Images].Elements<float>()]);
        }
        return images;
    }

    /// <summary>Samples of noise, labelled with their modality.</summary>
    private sealed class NoiseSource : IVolumeSamples
    {
        public static readonly SampleShape Size = new(6, 7, 3);

        private int draws;

        public int FailingDraw { get; init; } = -1;

        public IReadOnlyList<Modality> Modalities { get; } = [new("CT", 0), new("MR", 1)];

        public SampleShape Shape => Size;

        public SampleOrigin Draw(Modality modality, ref PhiloxStream stream, Span<float> image, Span<byte> labels)
        {
            if (Interlocked.Increment(ref draws) == FailingDraw)
                throw new InvalidDataException("case 'ct_07': damaged");
            foreach (ref float value in image)
                value = stream.NextUniform();
            labels.Fill((byte)modality.Index);
            return VolumeSample.Slice($"case_{modality.Index}", (int)(stream.NextUniform() * 100));
        }
    }
}
