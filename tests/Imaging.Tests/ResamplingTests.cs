namespace UnpairedSegEngine.Imaging.Tests;

public sealed class ResamplingTests
{
    private static readonly Geometry Source = new(
        12,
        10,
        8,
        new Affine(new(-1.2, 0.3, 0), new(0.3, 1.2, 0), new(0, 0, 2.5), new(5, 6, 7))
    );

    [Test]
    public void SameGridGivesTheSameBits()
    {
        var volume = new Volume<float>(Source, [.. Enumerable.Range(0, Source.VoxelCount).Select(i => MathF.Sin(i))]);
        var same = Resampling.Resize(Source, Source.X, Source.Y, Source.Z);
        Assert.That(Resampling.Linear(volume, same).Voxels, Is.EqualTo(volume.Voxels));
        Assert.That(Resampling.Nearest(volume, same).Voxels, Is.EqualTo(volume.Voxels));
    }

    [TestCase(24, 20, 8)]
    [TestCase(7, 5, 3)]
    [TestCase(1, 1, 1)]
    public void ResizeKeepsTheOuterFaces(int x, int y, int z)
    {
        var target = Resampling.Resize(Source, x, y, z);
        var faces = target.Affine.Apply(-0.5, -0.5, -0.5) - Source.Affine.Apply(-0.5, -0.5, -0.5);
        var opposite =
            target.Affine.Apply(x - 0.5, y - 0.5, z - 0.5) - Source.Affine.Apply(Source.X - 0.5, Source.Y - 0.5, Source.Z - 0.5);
        Assert.That(faces.Length + opposite.Length, Is.LessThan(1e-9));
    }

    [Test]
    public void LinearReproducesALinearFieldInTheWorld()
    {
        static double Field(Vector3d p) => (0.7 * p.X) - (0.4 * p.Y) + (1.1 * p.Z) + 3;
        var volume = Fill(Source, Field);
        var target = Resampling.Respace(Source, new(0.9, 1.1, 2));
        var result = Resampling.Linear(volume, target);
        // Beyond the outermost voxel centres the edge value goes on.
        for (var z = 1; z < target.Z - 1; z++)
        for (var y = 1; y < target.Y - 1; y++)
        for (var x = 1; x < target.X - 1; x++)
            Assert.That(result[x, y, z], Is.EqualTo(Field(target.Affine.Apply(x, y, z))).Within(1e-4), $"({x}, {y}, {z})");
    }

    [Test]
    public void RespaceHasTheSpacingAndTheCentre()
    {
        var target = Resampling.Respace(Source, new(2, 2, 2));
        Assert.That((target.Spacing - new Vector3d(2, 2, 2)).Length, Is.LessThan(1e-9));
        Assert.That((Centre(target) - Centre(Source)).Length, Is.LessThan(1e-9));
        Assert.That(target.ShapeText(), Is.EqualTo("7x6x10"));
    }

    [Test]
    public void HalfSizeAveragesPairs()
    {
        var line = new Geometry(4, 1, 1, Affine.Diagonal(new(1, 1, 1), new(0, 0, 0)));
        var half = Resampling.Linear(new Volume<float>(line, [1, 3, 10, 20]), Resampling.Resize(line, 2, 1, 1));
        Assert.That(half.Voxels, Is.EqualTo([2f, 15]));
    }

    [Test]
    public void EachFinerVoxelTakesTheNearestLabel()
    {
        var line = new Geometry(3, 1, 1, Affine.Diagonal(new(1, 1, 1), new(0, 0, 0)));
        var finer = Resampling.Nearest(new Volume<byte>(line, [7, 8, 9]), Resampling.Resize(line, 9, 1, 1));
        Assert.That(finer.Voxels, Is.EqualTo(new byte[] { 7, 7, 7, 8, 8, 8, 9, 9, 9 }));
    }

    [Test]
    public void LabelsSurviveThereAndBack()
    {
        var labels = new Volume<byte>(Source, [.. Enumerable.Range(0, Source.VoxelCount).Select(i => (byte)(i % 5))]);
        var finer = Resampling.Nearest(labels, Resampling.Resize(Source, Source.X * 3, Source.Y * 3, Source.Z));
        Assert.That(finer.Voxels.Distinct().Order(), Is.EqualTo([0, 1, 2, 3, 4]));
        Assert.That(Resampling.Nearest(finer, Source).Voxels, Is.EqualTo(labels.Voxels));
    }

    [Test]
    public void OtherDirectionsAreRefused()
    {
        var turned = new Geometry(12, 10, 8, Affine.Diagonal(new(1, 1, 1), new(0, 0, 0)));
        Assert.That(
            () => Resampling.Linear(new Volume<float>(Source), turned),
            Throws.ArgumentException.With.Message.Contains("reorient first")
        );
    }

    private static Vector3d Centre(Geometry g) => g.Affine.Apply((g.X - 1) / 2.0, (g.Y - 1) / 2.0, (g.Z - 1) / 2.0);

    private static Volume<float> Fill(Geometry geometry, Func<Vector3d, double> field)
    {
        var volume = new Volume<float>(geometry);
        for (var z = 0; z < geometry.Z; z++)
        for (var y = 0; y < geometry.Y; y++)
        for (var x = 0; x < geometry.X; x++)
            volume[x, y, z] = (float)field(geometry.Affine.Apply(x, y, z));
        return volume;
    }
}
