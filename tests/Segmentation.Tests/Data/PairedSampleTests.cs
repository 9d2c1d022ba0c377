using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

/// <summary>Samples of several volumes are those of each volume side by side.</summary>
public sealed class PairedSampleTests
{
    private static readonly Modality Paired = new("paired", 0);

    private static readonly AugmentationSettings Space = AugmentationSettings.None with
    {
        RotationDegrees = 20,
        TiltDegrees = 10,
        Scaling = 0.2f,
        Shift = 0.1f,
        ElasticPixels = 1,
    };

    /// <summary>2 channels x 3 slices: volume after volume, each a contiguous run of its slices; 1 x 1 pixel, too.</summary>
    [TestCase(2, 3, 16)]
    [TestCase(4, 1, 9)]
    [TestCase(3, 5, 1)]
    public void Slices_AreThoseOfEachVolumeInTurn(int volumes, int slices, int size)
    {
        var shape = new SampleShape(size, size, slices, Volumes: volumes);
        PreparedCase all = Prepare(shape, [.. Enumerable.Range(0, volumes)]);
        Assert.That((all.VolumeCount, shape.Channels), Is.EqualTo((volumes, volumes * slices)));
        var images = new float[3 * shape.ImageLength];
        all.ReadImages(5, 3, slices, images);
        for (int volume = 0; volume < volumes; volume++)
        {
            var expected = new float[3 * shape.PixelCount * slices];
            Prepare(shape with { Volumes = 1 }, [volume]).ReadImages(5, 3, slices, expected);
            Assert.That(Take(images, shape, volume), Is.EqualTo(expected), $"volume {volume}");
        }
    }

    [Test]
    public void SliceSamples_ShareGeometryAndLabels()
    {
        var shape = new SampleShape(16, 16, 3, Volumes: 2);
        var source = new SliceSource([Prepare(shape, [0, 1])], [Paired], 3);
        Assert.That(source.Shape, Is.EqualTo(shape));
        RequireSideBySide(source, volume => new SliceSource([Prepare(shape with { Volumes = 1 }, [volume])], [Paired], 3), Space);
    }

    [Test]
    public void BlockSamples_ShareGeometryAndLabels()
    {
        var shape = new SampleShape(9, 8, 1, 5, Volumes: 4);
        BlockSource SourceOf(SampleShape block, int[] channels) =>
            new([Prepare(block, channels, new VoxelSpacing(2, 2, 4))], [Paired], block, Space);
        RequireSideBySide(
            SourceOf(shape, [0, 1, 2, 3]),
            volume => SourceOf(shape with { Volumes = 1 }, [volume]),
            AugmentationSettings.None
        );
    }

    [Test]
    public void Blocks_RepeatTheBorderOfEachVolume()
    {
        var shape = new SampleShape(7, 9, 1, 6, Volumes: 3);
        var spacing = new VoxelSpacing(2, 2, 4);
        var block = new float[shape.ImageLength];
        Prepare(shape, [0, 1, 2], spacing).ReadBlock(-2, 14, -3, shape, block);
        for (int volume = 0; volume < 3; volume++)
        {
            var expected = new float[shape.PixelCount];
            SampleShape one = shape with { Volumes = 1 };
            Prepare(one, [volume], spacing).ReadBlock(-2, 14, -3, one, expected);
            Assert.That(Take(block, shape, volume), Is.EqualTo(expected));
        }
    }

    /// <summary>
    /// Intensities of each volume are varied by draws of their own: the first by those that a volume alone gets, the second,
    /// though alike, by others.
    /// </summary>
    [TestCase(1)]
    [TestCase(4)]
    public void Intensities_AreVariedVolumeByVolume(int depth)
    {
        var shape = new SampleShape(11, 13, depth == 1 ? 3 : 1, depth, Volumes: 2);
        SampleShape one = shape with { Volumes = 1 };
        float[] single = [.. Enumerable.Range(0, one.ImageLength).Select(i => MathF.Sin(i * 0.37f))];
        float[] twin =
        [
            .. Enumerable
                .Range(0, shape.PixelCount)
                .SelectMany(pixel =>
                    Enumerable.Repeat(single.Skip(pixel * shape.Slices).Take(shape.Slices), 2).SelectMany(v => v)
                ),
        ];
        var settings = new AugmentationSettings();
        float[] varied = Vary(settings, one, single),
            both = Vary(settings, shape, twin);
        Assert.That(Take(both, shape, 0), Is.EqualTo(varied));
        Assert.That(Take(both, shape, 1), Is.Not.EqualTo(varied));
        float[] inSpace = Vary(Space, shape, twin);
        Assert.That(Take(inSpace, shape, 1), Is.EqualTo(Take(inSpace, shape, 0)));
    }

    [Test]
    public void BeyondTheImage_LiesEachVolumesOwnLowestValue()
    {
        var shape = new SampleShape(8, 8, 1, Volumes: 2);
        float[] image = [.. Enumerable.Range(0, shape.ImageLength).Select(i => i % 2 == 0 ? 5f : -7f)];
        Assert.That(Vary(Space with { Shift = 0.5f }, shape, image), Is.EqualTo(image));
    }

    private static void RequireSideBySide(
        IVolumeSamples source,
        Func<int, IVolumeSamples> sourceOf,
        AugmentationSettings augmentation
    )
    {
        SampleShape shape = source.Shape;
        for (int volume = 0; volume < shape.Volumes; volume++)
        {
            IVolumeSamples single = sourceOf(volume);
            for (uint number = 0; number < 5; number++)
            {
                (float[] all, byte[] allLabels) = Draw(source, augmentation, number);
                (float[] one, byte[] oneLabels) = Draw(single, augmentation, number);
                Assert.That(Take(all, shape, volume), Is.EqualTo(one), $"volume {volume}, sample {number}");
                Assert.That(allLabels, Is.EqualTo(oneLabels));
            }
        }
    }

    private static (float[] Image, byte[] Labels) Draw(IVolumeSamples source, AugmentationSettings settings, uint number)
    {
        var stream = new PhiloxStream(7, number, 0, 0);
        (float[] image, byte[] labels) = (new float[source.Shape.ImageLength], new byte[source.Shape.PixelCount]);
        (float[] varied, byte[] variedLabels) = (new float[image.Length], new byte[labels.Length]);
        source.Draw(Paired, ref stream, image, labels);
        new Augmentation(settings).Apply(source.Shape, ref stream, image, labels, varied, variedLabels);
        return (varied, variedLabels);
    }

    private static float[] Vary(AugmentationSettings settings, SampleShape shape, float[] image)
    {
        var stream = new PhiloxStream(3, 1, 0, 0);
        var varied = new float[image.Length];
        new Augmentation(settings).Apply(
            shape,
            ref stream,
            image,
            new byte[shape.PixelCount],
            varied,
            new byte[shape.PixelCount]
        );
        return varied;
    }

    /// <summary>The channels of one volume.</summary>
    private static float[] Take(float[] image, SampleShape shape, int volume) =>
        [.. image.Where((_, i) => i % shape.Channels / shape.Slices == volume)];

    private static PreparedCase Prepare(SampleShape shape, int[] channels, VoxelSpacing spacing = default)
    {
        Geometry grid = SyntheticDataset.GridOf();
        var loaded = new LoadedCase(
            "a",
            Paired,
            [.. channels.Select(channel => PairedDataset.Image(0, channel, grid))],
            PairedDataset.Labels()
        );
        IntensityNormalization[] normalizations =
        [
            .. channels.Select(channel => channel % 2 == 0 ? IntensityNormalization.ZScore : IntensityNormalization.None),
        ];
        return PreparedCase.Prepare(loaded, new PreprocessingSettings(shape, normalizations, spacing), 2);
    }
}
