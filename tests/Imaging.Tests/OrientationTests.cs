namespace UnpairedSegEngine.Imaging.Tests;

public sealed class OrientationTests
{
    private static readonly string[] Frames =
    [
        .. from order in new[] { "RAS", "RSA", "ARS", "ASR", "SRA", "SAR" }
        from flips in Enumerable.Range(0, 8)
        select string.Concat(order.Select((code, i) => (flips >> i & 1) == 0 ? code : "LPI"["RAS".IndexOf(code)])),
    ];

    private static Volume<int> Oblique()
    {
        var affine = new Affine(new(-1.9, 0.3, 0.1), new(0.2, 1.4, -0.3), new(0.1, 0.4, 2.5), new(40, -30, 10));
        var geometry = new Geometry(3, 4, 5, affine);
        return new Volume<int>(geometry, [.. Enumerable.Range(0, geometry.VoxelCount)]);
    }

    [Test]
    public void EveryFrameKeepsEveryVoxelInItsPlace()
    {
        var volume = Oblique();
        var places = Places(volume);
        Assert.That(Frames.Distinct().Count(), Is.EqualTo(48));
        foreach (var frame in Frames)
        {
            var turned = Orientation.Reorient(volume, frame);
            Assert.That(turned.Geometry.AxisCodes, Is.EqualTo(frame));
            foreach (var (value, place) in Places(turned))
                Assert.That((place - places[value]).Length, Is.LessThan(1e-9), $"{frame}: voxel {value}");
        }
    }

    [Test]
    public void ThereAndBackIsTheOriginal()
    {
        var volume = Oblique();
        foreach (var frame in Frames)
        {
            var back = Orientation.Reorient(Orientation.Reorient(volume, frame), volume.Geometry.AxisCodes);
            Assert.That(back.Voxels, Is.EqualTo(volume.Voxels), frame);
            Assert.That(back.Geometry.Matches(volume.Geometry, out var difference, 1e-9, 1e-9), difference);
        }
    }

    [TestCase("RAR")]
    [TestCase("RA")]
    [TestCase("ras")]
    public void NoFrameIsRefused(string codes) =>
        Assert.That(() => Orientation.Reorient(Oblique(), codes), Throws.ArgumentException.With.Message.Contains($"'{codes}'"));

    private static Dictionary<int, Vector3d> Places(Volume<int> volume)
    {
        var places = new Dictionary<int, Vector3d>();
        for (var z = 0; z < volume.Geometry.Z; z++)
        for (var y = 0; y < volume.Geometry.Y; y++)
        for (var x = 0; x < volume.Geometry.X; x++)
            places[volume[x, y, z]] = volume.Geometry.Affine.Apply(x, y, z);
        return places;
    }
}
