using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

[TestFixture]
public class CaseGridTests
{
    private static readonly Modality Ct = new("CT", 0);

    /// <summary>
    /// A grid with the given spacing per world axis (left-right, front-back, up-down), stored along permuted and flipped axes.
    /// </summary>
    private static Geometry Stored(string axes, int sideways, int frontal, int slices, double spacing = 2)
    {
        var sizes = new int[3];
        var steps = new Vector3d[3];
        for (int axis = 0; axis < 3; axis++)
        {
            (sizes[axis], steps[axis]) = axes[axis] switch
            {
                'R' => (sideways, new Vector3d(spacing, 0, 0)),
                'L' => (sideways, new Vector3d(-spacing, 0, 0)),
                'A' => (frontal, new Vector3d(0, spacing, 0)),
                'P' => (frontal, new Vector3d(0, -spacing, 0)),
                'S' => (slices, new Vector3d(0, 0, 5)),
                _ => (slices, new Vector3d(0, 0, -5)),
            };
        }
        return new Geometry(sizes[0], sizes[1], sizes[2], new Affine(steps[0], steps[1], steps[2], new Vector3d(7, -3, 11)));
    }

    private static LoadedCase Case(Geometry geometry)
    {
        byte[] labels = [.. Enumerable.Range(0, geometry.VoxelCount).Select(i => (byte)(i * 2654435761L >> 7 & 3))];
        float[] image = Array.ConvertAll(labels, l => (float)l);
        return new LoadedCase("ct_0", Ct, new Volume<float>(geometry, image), new Volume<byte>(geometry, labels));
    }

    private static PreparedCase Prepare(LoadedCase loaded, int height, int width) =>
        PreparedCase.Prepare(
            loaded,
            new PreprocessingSettings(new SampleShape(height, width, 1), [IntensityNormalization.None]),
            4
        );

    private static byte[] Restored(PreparedCase prepared)
    {
        CaseSegmentation segmentation = prepared.Grid.NewSegmentation();
        for (int slice = 0; slice < prepared.SliceCount; slice++)
            segmentation.AddLabels(slice, prepared.LabelsOf(slice));
        return segmentation.ToOriginal().Voxels;
    }

    [Test]
    public void Labels_ReturnExactlyFromEveryOrientation([Values("LAS", "RAS", "LPS", "SRA", "AIL", "PSR")] string axes)
    {
        LoadedCase loaded = Case(Stored(axes, 12, 10, 5));
        PreparedCase prepared = Prepare(loaded, 12, 12);
        Assert.That(prepared.SliceCount, Is.EqualTo(5));
        Assert.That(Restored(prepared), Is.EqualTo(loaded.Labels!.Voxels));
        Assert.That(prepared.Grid.Original, Is.SameAs(loaded.Geometry));
    }

    /// <summary>Gantry tilt: the axes lean, the labels return exactly to where they were.</summary>
    [Test]
    public void Labels_ReturnExactlyFromAShearedGrid([Values("LAS", "RPI")] string axes)
    {
        Geometry upright = Stored(axes, 12, 10, 5);
        LoadedCase loaded = Case(new Geometry(12, 10, 5, upright.Affine with { K = upright.Affine.K + new Vector3d(0, 2, 0) }));
        PreparedCase prepared = Prepare(loaded, 12, 12);
        Assert.That(Restored(prepared), Is.EqualTo(loaded.Labels!.Voxels));
        Assert.That(prepared.Grid.Original.Affine, Is.EqualTo(loaded.Geometry.Affine));
    }

    /// <summary>A header's spacing alone must not decide how much memory is taken.</summary>
    [TestCase(9000, "case 'ct_0': 2x2x2 LAS at (9000, 9000, 9000) mm resampled to (3, 3, 3) mm has 6000x6000x6000 voxels")]
    [TestCase(1000, "pixdim, srow, xyzt_units")]
    public void SpacingThatAsksForTooManyVoxels_IsRefused(double spacing, string message)
    {
        var geometry = new Geometry(2, 2, 2, Affine.Diagonal(new Vector3d(spacing, spacing, spacing), default));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(
            () => Spaced(Case(geometry), new VoxelSpacing(3, 3, 3), new SampleShape(8, 8, 1, 8)),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(message)
        );
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(4 << 20));
    }

    [Test]
    public void SpacingOfFewVoxels_MayGiveAFewMillion() =>
        Assert.That(
            Spaced(
                Case(new Geometry(2, 2, 2, Affine.Diagonal(new Vector3d(300, 300, 300), default))),
                new VoxelSpacing(3, 3, 3),
                new SampleShape(8, 8, 1, 8)
            ).SliceCount,
            Is.EqualTo(200)
        );

    [TestCase(24, 24)]
    [TestCase(36, 48)]
    public void Labels_ReturnExactlyFromFinerSlices(int height, int width)
    {
        LoadedCase loaded = Case(Stored("LAS", 12, 10, 3));
        Assert.That(Restored(Prepare(loaded, height, width)), Is.EqualTo(loaded.Labels!.Voxels));
    }

    [Test]
    public void EveryOrientation_GivesTheSameSlices([Values("RAS", "PSR")] string axes)
    {
        // The same anatomy stored in two orientations: a gradient to the left and to the front.
        float[] reference = Slice(Gradient("LAS"));
        Assert.That(Slice(Gradient(axes)), Is.EqualTo(reference).Within(1e-3f));

        static float[] Slice(LoadedCase loaded)
        {
            var image = new float[64];
            Prepare(loaded, 8, 8).ReadImages(1, 1, 1, image);
            return image;
        }

        static LoadedCase Gradient(string axes)
        {
            Geometry geometry = Stored(axes, 8, 8, 3);
            var image = new Volume<float>(geometry);
            for (int i = 0; i < geometry.VoxelCount; i++)
            {
                (int x, int y, int z) = (i % geometry.X, i / geometry.X % geometry.Y, i / (geometry.X * geometry.Y));
                int[] index = [x, y, z];
                int left = axes.IndexOfAny(['L', 'R']),
                    front = axes.IndexOfAny(['A', 'P']),
                    up = axes.IndexOfAny(['S', 'I']);
                image.Voxels[i] = Along(left, 'L') + (10 * Along(front, 'A')) + (100 * Along(up, 'S'));

                int Along(int axis, char code) => axes[axis] == code ? index[axis] : geometry.Size(axis) - 1 - index[axis];
            }
            return new LoadedCase("ct_0", Ct, image, null);
        }
    }

    [Test]
    public void HalfSize_AveragesFourPixels()
    {
        Geometry geometry = Stored("LAS", 8, 8, 1);
        float[] image = [.. Enumerable.Range(0, 64).Select(i => (float)(i * 37 % 64))];
        PreparedCase prepared = Prepare(new LoadedCase("ct_0", Ct, new Volume<float>(geometry, image), null), 4, 4);
        var small = new float[16];
        prepared.ReadImages(0, 1, 1, small);
        for (int row = 0; row < 4; row++)
        {
            for (int column = 0; column < 4; column++)
            {
                int corner = (16 * row) + (2 * column);
                float mean = (image[corner] + image[corner + 1] + image[corner + 8] + image[corner + 9]) / 4;
                Assert.That(small[(4 * row) + column], Is.EqualTo(mean).Within(1e-3f));
            }
        }
    }

    [Test]
    public void ShorterSide_GetsAMarginOfTheLowestIntensity()
    {
        Geometry geometry = Stored("LAS", 8, 4, 1);
        float[] image = [.. Enumerable.Range(0, 32).Select(i => 5f + i)];
        PreparedCase prepared = Prepare(new LoadedCase("ct_0", Ct, new Volume<float>(geometry, image), null), 8, 8);
        var square = new float[64];
        prepared.ReadImages(0, 1, 1, square);
        Assert.That(square[..16], Is.All.EqualTo(5f));
        Assert.That(square[16..48], Is.EqualTo(image).Within(1e-3f));
        Assert.That(square[48..], Is.All.EqualTo(5f));
    }

    [Test]
    public void EndSlices_RepeatBeyondTheVolume()
    {
        Geometry geometry = Stored("LAS", 2, 2, 3);
        float[] image = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
        PreparedCase prepared = Prepare(new LoadedCase("ct_0", Ct, new Volume<float>(geometry, image), null), 2, 2);
        var images = new float[3 * 4 * 3];
        prepared.ReadImages(0, 3, 3, images);
        Assert.That(images[..3], Is.EqualTo(new float[] { 0, 0, 1 }).Within(1e-4f));
        Assert.That(images[12..15], Is.EqualTo(new float[] { 0, 1, 2 }).Within(1e-4f));
        Assert.That(images[24..27], Is.EqualTo(new float[] { 1, 2, 2 }).Within(1e-4f));
    }

    [Test]
    public void Scores_GiveSmootherBordersThanLabels()
    {
        // A disc predicted at half size: interpolated scores must come closer to the disc than repeated pixels.
        Geometry geometry = Stored("LAS", 64, 64, 1);
        byte[] disc = [.. Enumerable.Range(0, 64 * 64).Select(i => (byte)(Inside((i % 64) - 31.5, (i / 64) - 31.5) > 0 ? 1 : 0))];
        PreparedCase prepared = Prepare(new LoadedCase("ct_0", Ct, new Volume<float>(geometry), null), 32, 32);
        float[] scores =
        [
            .. Enumerable.Range(0, 32 * 32).SelectMany(i => new[] { 0, (float)Inside((2 * (i % 32)) - 31, (2 * (i / 32)) - 31) }),
        ];
        byte[] labels = [.. scores.Chunk(2).Select(s => (byte)(s[1] > 0 ? 1 : 0))];
        CaseSegmentation smooth = prepared.Grid.NewSegmentation(),
            coarse = prepared.Grid.NewSegmentation();
        smooth.AddScores(0, scores, 2);
        coarse.AddLabels(0, labels);
        Assert.That(Wrong(smooth), Is.LessThan(Wrong(coarse) / 2));

        static double Inside(double x, double y) => 20 - Math.Sqrt((x * x) + (y * y));
        int Wrong(CaseSegmentation segmentation) => segmentation.ToOriginal().Voxels.Zip(disc).Count(p => p.First != p.Second);
    }

    /// <summary>Voxels half as large along every axis, in every orientation: the labels return exactly.</summary>
    [Test]
    public void Labels_ReturnExactlyFromAFinerGrid([Values("LAS", "RAS", "LPS", "SRA", "AIL", "PSR", "RPI", "ILA")] string axes)
    {
        LoadedCase loaded = Case(Stored(axes, 12, 10, 5));
        PreparedCase prepared = Spaced(loaded, new VoxelSpacing(1, 1, 2.5), new SampleShape(8, 8, 1, 4));
        Assert.That((prepared.Grid.Width, prepared.Grid.Height, prepared.SliceCount), Is.EqualTo((24, 20, 10)));
        Assert.That(Restored(prepared), Is.EqualTo(loaded.Labels!.Voxels));
    }

    [Test]
    public void AGivenSpacing_DecidesTheGrid_ButASampleIsItsLeastSize()
    {
        LoadedCase loaded = Case(Stored("LAS", 12, 10, 5));
        PreparedCase coarse = Spaced(loaded, new VoxelSpacing(3, 4, 5), new SampleShape(4, 4, 1, 4));
        Assert.That((coarse.Grid.Width, coarse.Grid.Height, coarse.SliceCount), Is.EqualTo((8, 5, 5)));
        Assert.That(coarse.Grid.Spacing, Is.EqualTo(new Vector3d(3, 4, 5)));
        PreparedCase small = Spaced(loaded, new VoxelSpacing(2, 2, 10), new SampleShape(32, 16, 1, 8));
        Assert.That((small.Grid.Width, small.Grid.Height, small.SliceCount), Is.EqualTo((16, 32, 8)));
        Assert.That(small.LabelsOf(0).ToArray(), Is.All.Zero, "margin");
        Assert.That(
            Spaced(loaded, new VoxelSpacing(0, 0, 2.5), new SampleShape(16, 16, 1)).SliceCount,
            Is.EqualTo(10),
            "slices fitted in plane"
        );
    }

    /// <summary>A ramp along the patient's axis stays one, whatever the grids.</summary>
    [Test]
    public void Scores_AreInterpolatedBetweenSlices()
    {
        LoadedCase loaded = new("ct_0", Ct, new Volume<float>(Stored("LAS", 4, 4, 9)), null);
        PreparedCase prepared = Spaced(loaded, new VoxelSpacing(2, 2, 15), new SampleShape(4, 4, 1));
        Assert.That(prepared.SliceCount, Is.EqualTo(3));
        CaseSegmentation segmentation = prepared.Grid.NewSegmentation(probabilityClasses: 2);
        for (int slice = 0; slice < 3; slice++)
            segmentation.AddScores(slice, Enumerable.Range(0, 16).SelectMany(_ => new[] { 0f, slice - 0.9f }).ToArray(), 2);

        // Slice 4 of nine is the middle of the second of three; the border 0.9 lies just before it.
        Assert.That(
            segmentation.ToOriginal().Voxels.Chunk(16).Select(slice => slice[0]),
            Is.EqualTo(new byte[] { 0, 0, 0, 0, 1, 1, 1, 1, 1 })
        );
        byte[][] probabilities = [.. segmentation.ProbabilitiesToOriginal()[1].Voxels.Chunk(16)];
        Assert.That(probabilities[4][0] / 255.0, Is.EqualTo(1 / (1 + Math.Exp(-0.1))).Within(0.5 / 255));
        Assert.That(probabilities[5][0] / 255.0, Is.EqualTo(1 / (1 + Math.Exp(-0.1 - (1 / 3.0)))).Within(0.5 / 255));
    }

    [Test]
    public void Slices_AreAddedInOrderAndAllOfThem()
    {
        CaseSegmentation segmentation = Prepare(Case(Stored("LAS", 8, 8, 2)), 8, 8).Grid.NewSegmentation();
        Assert.That(
            () => segmentation.AddLabels(1, new byte[64]),
            Throws.ArgumentException.With.Message.Contains("expected slice 0")
        );
        segmentation.AddLabels(0, new byte[64]);
        Assert.That(segmentation.ToOriginal, Throws.InvalidOperationException.With.Message.Contains("1 of 2 slices"));
    }

    private static PreparedCase Spaced(LoadedCase loaded, VoxelSpacing spacing, SampleShape sample) =>
        PreparedCase.Prepare(loaded, new PreprocessingSettings(sample, [IntensityNormalization.None], spacing), 4);

    [Test]
    public void WrongSliceSize_IsRefused()
    {
        CaseSegmentation segmentation = Prepare(Case(Stored("LAS", 8, 8, 2)), 8, 8).Grid.NewSegmentation();
        Assert.That(() => segmentation.AddLabels(0, new byte[63]), Throws.ArgumentException.With.Message.Contains("expected 64"));
    }
}
