namespace UnpairedSegEngine.Imaging.Tests;

public sealed class GeometryTests
{
    private static readonly Affine Las = Affine.Diagonal(new(-1.25, 1.25, 7.7), new(100, -90, 20));

    [Test]
    public void MatchesWithinTolerance()
    {
        var geometry = new Geometry(4, 5, 6, Las);
        var near = new Geometry(4, 5, 6, Las with { Origin = Las.Origin + new Vector3d(5e-4, 0, 0) });
        Assert.That(geometry.Matches(near, out var difference), Is.True);
        Assert.That(difference, Is.Empty);
    }

    [Test]
    public void DifferenceIsNamed()
    {
        var geometry = new Geometry(4, 5, 6, Las);
        Assert.That(Difference(geometry, new Geometry(4, 5, 7, Las)), Does.Contain("shape 4x5x6 against 4x5x7"));
        Assert.That(Difference(geometry, new Geometry(4, 5, 6, Las with { K = new(0, 0, 8) })), Does.Contain("spacing"));
        Assert.That(
            Difference(geometry, new Geometry(4, 5, 6, Las with { I = new(1.25, 0, 0) })),
            Does.Contain("LAS against RAS")
        );
        Assert.That(Difference(geometry, new Geometry(4, 5, 6, Las with { Origin = new(100, -90, 21) })), Does.Contain("origin"));
    }

    [Test]
    public void ImpossibleGridsAreRefused()
    {
        Assert.That(() => new Geometry(0, 5, 6, Las), Throws.ArgumentException.With.Message.Contains("0x5x6"));
        Assert.That(() => new Geometry(1 << 20, 1 << 20, 1 << 20, Las), Throws.ArgumentException);
        Assert.That(
            () => new Geometry(4, 5, 6, Las with { K = Las.J }),
            Throws.ArgumentException.With.Message.Contains("singular")
        );
    }

    [Test]
    public void EachWorldAxisIsGivenOnce()
    {
        // Both in-plane axes lean towards R; the stronger one gets the letter.
        var leaning = new Affine(new(0.8, 0.6, 0), new(0.75, -0.66, 0), new(0, 0, 1), new(0, 0, 0));
        Assert.That(leaning.AxisCodes(), Is.EqualTo("RPS"));
    }

    [Test]
    public void VolumeKnowsItsVoxelsXFastest()
    {
        var volume = new Volume<short>(new Geometry(4, 5, 6, Las));
        volume[1, 2, 3] = 7;
        Assert.That(volume.Voxels[1 + (4 * (2 + (5 * 3)))], Is.EqualTo(7));
        Assert.That(volume.Slice(3)[9], Is.EqualTo(7));
        Assert.That(() => volume[4, 0, 0], Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => new Volume<short>(volume.Geometry, new short[3]),
            Throws.ArgumentException.With.Message.Contains("4x5x6")
        );
    }

    private static string Difference(Geometry a, Geometry b)
    {
        Assert.That(a.Matches(b, out var difference), Is.False);
        return difference;
    }
}
