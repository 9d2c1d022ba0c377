using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

internal sealed class BlockSourceTests
{
    private const int X = 20,
        Y = 18,
        Z = 12;

    private static readonly Modality Ct = new("CT", 0),
        Mr = new("MR", 1);

    private static readonly SampleShape Block = new(8, 8, 1, 4);

    /// <summary>A ramp along each axis, with an organ of 3x3x2 voxels.</summary>
    private static PreparedCase Prepare(
        Modality modality,
        int organX = 14,
        int organZ = 3,
        float[]? image = null,
        bool hasLabels = true
    )
    {
        var geometry = new Geometry(X, Y, Z, Affine.Diagonal(new Vector3d(-2, 2, 4), default));
        image ??=
        [
            .. Enumerable
                .Range(0, geometry.VoxelCount)
                .Select(i => (float)((i % X) + (32 * (i / X % Y)) + (1024 * (i / (X * Y))))),
        ];
        byte[] labels =
        [
            .. Enumerable
                .Range(0, geometry.VoxelCount)
                .Select(i =>
                    (i % X) - organX is >= 0 and < 3 && (i / X % Y) is >= 5 and < 8 && (i / (X * Y)) - organZ is >= 0 and < 2
                        ? (byte)1
                        : (byte)0
                ),
        ];
        var loaded = new LoadedCase(
            $"{modality.Name}_{organX}",
            modality,
            new Volume<float>(geometry, image),
            hasLabels ? new Volume<byte>(geometry, labels) : null
        );
        return PreparedCase.Prepare(
            loaded,
            new PreprocessingSettings(
                Block,
                [IntensityNormalization.None, IntensityNormalization.None],
                new VoxelSpacing(2, 2, 4)
            ),
            3
        );
    }

    private static BlockSource Source(float foreground = 0.5f, AugmentationSettings? augmentation = null) =>
        new(
            [Prepare(Ct), Prepare(Mr, organX: 2, organZ: 9)],
            [Ct, Mr],
            Block,
            augmentation ?? AugmentationSettings.None,
            foreground
        );

    private static (float[] Image, byte[] Labels) Draw(BlockSource source, Modality modality, uint number)
    {
        var stream = new PhiloxStream(7, number, 0, 0);
        (float[] image, byte[] labels) = (new float[Block.ImageLength], new byte[Block.PixelCount]);
        source.Draw(modality, ref stream, image, labels);
        return (image, labels);
    }

    /// <summary>In double, also beyond the borders, where the lowest value is; to what 16 bits of a voxel leave.</summary>
    [Test]
    public void Between_voxels_intensities_are_linear_along_each_axis()
    {
        float[] voxels = [.. Enumerable.Range(0, X * Y * Z).Select(i => i * 7919 % 1000f)];
        PreparedCase prepared = Prepare(Ct, image: voxels);
        var stream = new PhiloxStream(3, 0, 0, 0);
        var found = new float[1];
        for (int i = 0; i < 2000; i++)
        {
            (float z, float y, float x) = (
                stream.NextUniform(-2, Z + 1),
                stream.NextUniform(-2, Y + 1),
                stream.NextUniform(-2, X + 1)
            );
            double expected = 0;
            for (int corner = 0; corner < 8; corner++)
            {
                (double k, double j, double l) = (
                    Math.Floor(z) + (corner / 4),
                    Math.Floor(y) + (corner / 2 % 2),
                    Math.Floor(x) + (corner % 2)
                );
                bool inside = k is >= 0 and < Z && j is >= 0 and < Y && l is >= 0 and < X;
                double value = inside ? voxels[(((((int)k * Y) + (int)j) * X) + (int)l)] : 0;
                expected += (1 - Math.Abs(z - k)) * (1 - Math.Abs(y - j)) * (1 - Math.Abs(x - l)) * value;
            }

            prepared.Interpolate(z, y, x, found);
            Assert.That(found[0], Is.EqualTo(expected).Within(0.05), $"at ({z}, {y}, {x})");
        }
    }

    [Test]
    public void Without_variation_a_block_is_a_piece_of_the_volume()
    {
        BlockSource source = Source();
        for (uint number = 0; number < 40; number++)
        {
            var stream = new PhiloxStream(7, number, 0, 0);
            (PreparedCase drawn, (int slice, int row, int column)) = source.Choose(Ct, ref stream);
            var expected = new float[Block.PixelCount];
            drawn.ReadBlock(slice, row, column, Block, expected);
            Assert.That(Draw(source, Ct, number).Image, Is.EqualTo(expected).Within(0.2f));
        }
    }

    [Test]
    public void Every_block_lies_in_the_volume_and_all_places_are_seen()
    {
        BlockSource source = Source(foreground: 0);
        var slices = new HashSet<int>();
        for (uint number = 0; number < 300; number++)
        {
            var stream = new PhiloxStream(7, number, 0, 0);
            (_, (int slice, int row, int column)) = source.Choose(Mr, ref stream);
            Assert.That(slice is >= 0 and <= Z - 4 && row is >= 0 and <= Y - 8 && column is >= 0 and <= X - 8);
            slices.Add(slice);
        }

        Assert.That(slices, Has.Count.EqualTo(Z - 4 + 1));
    }

    [TestCase(1, 1)]
    [TestCase(0.5f, 0.5)]
    public void The_asked_for_share_of_blocks_shows_an_organ(float fraction, double least)
    {
        BlockSource source = Source(fraction);
        int showing = Enumerable.Range(0, 400).Count(number => Draw(source, Ct, (uint)number).Labels.Contains((byte)1));
        Assert.That(showing / 400.0, Is.GreaterThanOrEqualTo(least == 1 ? 1 : least - 0.05));
    }

    [Test]
    public void The_same_stream_gives_the_same_varied_block_and_another_stream_another()
    {
        BlockSource source = Source(augmentation: new AugmentationSettings { ElasticPixels = 1, FlipProbability = 0.5f });
        float[] first = Draw(source, Ct, 3).Image,
            again = Draw(source, Ct, 3).Image;
        Assert.That(again, Is.EqualTo(first));
        Assert.That(Draw(source, Ct, 4).Image, Is.Not.EqualTo(first));
    }

    [Test]
    public void Blocks_are_mirrored_along_each_axis([Values] bool columns, [Values] bool rows, [Values] bool slices)
    {
        var settings = AugmentationSettings.None with
        {
            FlipProbability = columns ? 1 : 0,
            RowFlipProbability = rows ? 1 : 0,
            SliceFlipProbability = slices ? 1 : 0,
        };
        var stream = new PhiloxStream(3, 1, 0, 0);
        var transform = new VolumeTransform(
            settings,
            new SampleShape(9, 7, 1, 5),
            new Vector3d(2, 2, 4),
            (10, 20, 30),
            ref stream
        );
        Assert.That(
            transform.SourceOf(1, 2, 3),
            Is.EqualTo((slices ? 13f : 11f, rows ? 26f : 22f, columns ? 33f : 33f)),
            "slice 1 of 5, row 2 of 9, column 3 of 7, the middle one"
        );
        Assert.That(transform.SourceOf(1, 2, 0).Column, Is.EqualTo(columns ? 36f : 30f));
    }

    /// <summary>
    /// Rotations are rigid in millimetres: a ball stays one in a volume whose slices are twice as thick as its pixels.
    /// </summary>
    [Test]
    public void Rotations_are_rigid_in_millimetres()
    {
        var shape = new SampleShape(9, 9, 1, 5);
        var spacing = new Vector3d(2, 2, 4);
        var settings = AugmentationSettings.None with { RotationDegrees = 180, TiltDegrees = 90 };
        for (uint number = 0; number < 20; number++)
        {
            var stream = new PhiloxStream(3, number, 0, 0);
            var transform = new VolumeTransform(settings, shape, spacing, (10, 20, 30), ref stream);
            (float z0, float y0, float x0) = transform.SourceOf(2, 4, 4);
            Assert.That((z0, y0, x0), Is.EqualTo((12f, 24f, 34f)), "the centre stays");
            foreach ((int slice, int row, int column) in new[] { (0, 0, 0), (4, 1, 7), (2, 8, 3), (1, 4, 4) })
            {
                (float z, float y, float x) = transform.SourceOf(slice, row, column);
                double before = new Vector3d((column - 4) * 2, (row - 4) * 2, (slice - 2) * 4).Length,
                    after = new Vector3d((x - x0) * 2, (y - y0) * 2, (z - z0) * 4).Length;
                Assert.That(after, Is.EqualTo(before).Within(1e-4));
            }
        }
    }

    [Test]
    public void Origins_name_the_case_and_the_block()
    {
        BlockSource source = Source();
        (PhiloxStream first, PhiloxStream second) = (new(7, 3, 0, 0), new(7, 3, 0, 0));
        SampleOrigin origin = source.Draw(Mr, ref first, new float[Block.ImageLength], new byte[Block.PixelCount]);
        (PreparedCase drawn, (int slice, int row, int column)) = source.Choose(Mr, ref second);
        Assert.That(origin.ToString(), Is.EqualTo($"{drawn.Id} block at ({slice},{row},{column})"));
    }

    [Test]
    public void A_modality_without_foreground_is_drawn_from_anywhere([Values(0f, 0.5f, 1f)] float fraction)
    {
        // An organ beyond the volume is none.
        var source = new BlockSource([Prepare(Ct), Prepare(Mr, organX: X)], [Ct, Mr], Block, AugmentationSettings.None, fraction);
        for (uint number = 0; number < 50; number++)
            Assert.That(Draw(source, Mr, number).Labels, Is.All.EqualTo(LabelValue.Background));
    }

    [Test]
    public void Bad_arguments_are_refused()
    {
        Assert.That(() => Source(1.5f), Throws.ArgumentException.With.Message.Contains("foreground fraction"));
        Assert.That(
            () => new BlockSource([Prepare(Ct)], [Ct, Mr], Block, AugmentationSettings.None),
            Throws.ArgumentException.With.Message.Contains("modality MR has no case")
        );
        Assert.That(
            () => new BlockSource([Prepare(Ct, hasLabels: false)], [Ct], Block, AugmentationSettings.None),
            Throws.ArgumentException.With.Message.Contains("no reference segmentation")
        );
    }
}
