namespace UnpairedSegEngine.Imaging.Tests;

/// <summary>A message about two grids shows what differs: both values, and by how much.</summary>
public sealed class GridDifferenceTests
{
    private static readonly Geometry Grid = new(32, 32, 4, Affine.Diagonal(new(-2, 2, 5), new(100, -90, 20)));

    [Test]
    public void SmallTurnIsShownInDegreesAndDirections()
    {
        var (sin, cos) = Math.SinCos(2e-4);
        var difference = Difference(Grid.Affine with { I = new(-2 * cos, -2 * sin, 0), J = new(-2 * sin, 2 * cos, 0) });
        Assert.That(
            difference,
            Does.StartWith(
                "axis directions 0.01146 degrees apart: i (-1, 0, 0) against (-1, -0.0002, 0), j (0, 1, 0) against "
                    + "(-0.0002, 1, 0)"
            )
        );
        Assert.That(difference, Does.Not.Contain("LAS").And.Not.Contain("k ("));
    }

    [Test]
    public void FlippedAxisIsShownByItsCodesToo() =>
        Assert.That(
            Difference(Grid.Affine with { I = new(2, 0, 0) }),
            Is.EqualTo("axis directions LAS against RAS, 180 degrees apart: i (-1, 0, 0) against (1, 0, 0)")
        );

    [Test]
    public void SwappedAxesAreShown() =>
        Assert.That(
            Difference(Grid.Affine with { I = new(0, 2, 0), J = new(-2, 0, 0) }),
            Is.EqualTo(
                "axis directions LAS against ALS, 90 degrees apart: i (-1, 0, 0) against (0, 1, 0), j (0, 1, 0) against "
                    + "(-1, 0, 0)"
            )
        );

    [Test]
    public void SpacingIsShownWithItsDifference() =>
        Assert.That(
            Difference(Grid.Affine with { K = new(0, 0, 5.0125) }),
            Is.EqualTo("spacing (2, 2, 5) mm against (2, 2, 5.0125) mm, up to 0.0125 mm apart")
        );

    [Test]
    public void OriginIsShownWithItsDistance() =>
        Assert.That(
            Difference(Grid.Affine with { Origin = new(103, -86, 20) }),
            Is.EqualTo("origin (100, -90, 20) mm against (103, -86, 20) mm, 5 mm apart")
        );

    [Test]
    public void EverythingThatDiffersIsShown()
    {
        var other = new Geometry(32, 32, 5, Grid.Affine with { J = new(0, 2.5, 0), Origin = default });
        Assert.That(Grid.Matches(other, out var difference), Is.False);
        Assert.That(
            difference,
            Does.StartWith(
                "shape 32x32x4 against 32x32x5; spacing (2, 2, 5) mm against (2, 2.5, 5) mm, up to 0.5 mm apart; origin"
            )
        );
    }

    /// <summary>A thousandth of a mm is half a voxel here.</summary>
    [Test]
    public void MicronGridsAreToldApart()
    {
        Geometry Microns(double spacing) => new(4, 4, 4, Affine.Diagonal(new(spacing, spacing, spacing), default));
        Assert.That(Microns(0.002).Matches(Microns(0.0025), out var difference), Is.False);
        Assert.That(
            difference,
            Does.Contain("(0.002, 0.002, 0.002) mm against (0.0025, 0.0025, 0.0025) mm, up to 0.0005 mm apart")
        );
        Assert.That(Microns(0.002).Matches(Microns(0.00201), out difference), difference);
    }

    private static string Difference(Affine other)
    {
        Assert.That(Grid.Matches(new Geometry(32, 32, 4, other), out var difference), Is.False);
        return difference;
    }
}
