using UnpairedSegEngine.Imaging.Metrics;

namespace UnpairedSegEngine.Imaging.Tests.Metrics;

/// <summary>
/// Surface distances in grids whose axes are not at right angles, against all pairs of voxel centres in the world.
/// </summary>
public sealed class ShearedDistancesTests
{
    /// <summary>
    /// Gantry tilt: a column of (0, 3, 5) mm. The nearest voxel along the grid is not the nearest in the world.
    /// </summary>
    [Test]
    public void TiltedGantryHasTheDistancesOfTheWorld()
    {
        var tilted = new Geometry(20, 20, 8, new Affine(new(-2, 0, 0), new(0, 2, 0), new(0, 3, 5), new(7, 8, 9)));
        Volume<byte> a = new(tilted),
            b = new(tilted);
        a[5, 5, 2] = b[5, 8, 4] = 1;
        Assert.That(SurfaceDistances.Between(a, b, 1)!.Hausdorff, Is.EqualTo(Math.Sqrt((12 * 12) + (10 * 10))).Within(1e-12));
        Assert.That(tilted.Affine.Shear, Is.EqualTo(3 / Math.Sqrt(34)).Within(1e-15));
    }

    [Test]
    public void RandomShearsAgreeWithAllPairs()
    {
        var random = new Random(14);
        for (var round = 0; round < 600; round++)
        {
            var grid = new Geometry(random.Next(1, 8), random.Next(1, 8), random.Next(1, 7), RandomAffine(random));
            Volume<byte> a = Fill(grid, random),
                b = Fill(grid, random);
            if (SurfaceDistances.Between(a, b, 1) is not { } distances)
                continue;
            double[] there = Directed(a, b),
                back = Directed(b, a),
                all = [.. there, .. back];
            var tolerance = all[random.Next(all.Length)] + 1e-9;
            Assert.That(distances.Hausdorff, Is.EqualTo(all.Max()).Within(1e-9));
            Assert.That(distances.Hausdorff95, Is.EqualTo(Math.Max(Percentile(there), Percentile(back))).Within(1e-9));
            Assert.That(distances.AverageSymmetric, Is.EqualTo(all.Average()).Within(1e-9));
            Assert.That(
                distances.NormalizedSurfaceDice(tolerance),
                Is.EqualTo(all.Count(d => d <= tolerance) / (double)all.Length).Within(1e-12)
            );
        }
    }

    /// <summary>The same voxels, rotated and only just sheared: both ways to the distances meet.</summary>
    [Test]
    public void NearlyOrthogonalGridsHaveTheDistancesOfOrthogonalOnes([Values(4e-7, 1e-6)] double shear)
    {
        var random = new Random(3);
        var upright = new Geometry(24, 22, 9, Affine.Diagonal(new(-0.7, 0.9, 5), new(100, 200, 300)));
        var leaning = new Geometry(24, 22, 9, upright.Affine with { K = new(0, 5 * shear, 5) });
        Volume<byte> a = Ball(upright, 5),
            b = Ball(upright, 8);
        var expected = SurfaceDistances.Between(a, b, 1)!;
        var found = SurfaceDistances.Between(new Volume<byte>(leaning, a.Voxels), new Volume<byte>(leaning, b.Voxels), 1)!;
        Assert.That(found.Hausdorff, Is.EqualTo(expected.Hausdorff).Within(1e-4));
        Assert.That(found.AverageSymmetric, Is.EqualTo(expected.AverageSymmetric).Within(1e-4));
    }

    [Test]
    public void TreeFindsTheNearestOfManyEqualAndRandomPoints()
    {
        var random = new Random(8);
        foreach (var count in new[] { 1, 12, 13, 100, 3000 })
        {
            // Coordinates from a few values: many points share their splitting coordinate.
            Vector3d Point() => new(random.Next(9), random.Next(9) / 3.0, random.Next(4));
            Vector3d[] points = [.. Enumerable.Range(0, count).Select(_ => Point())];
            var tree = new PointTree([.. points]);
            for (var i = 0; i < 200; i++)
            {
                var place = Point() + new Vector3d(random.NextDouble(), 0, 0);
                Assert.That(tree.Distance(place), Is.EqualTo(points.Min(p => (p - place).Length)).Within(1e-12));
            }
        }
    }

    /// <summary>Volumes by the determinant: a leaning voxel is as large as an upright one of the same base and height.</summary>
    [Test]
    public void VolumesFollowTheDeterminant()
    {
        var tilted = new Geometry(4, 4, 4, new Affine(new(-2, 0, 0), new(0, 2, 0), new(0, 3, 5), default));
        var labels = new Volume<byte>(tilted, [.. Enumerable.Repeat((byte)1, 64)]);
        Assert.That(
            StructureScores.Of(labels, labels, 1, OverlapMetrics.Between(labels, labels, 2).Counts[1], 1).ReferenceMl,
            Is.EqualTo(64 * 20 / 1000.0).Within(1e-12)
        );
    }

    private static Affine RandomAffine(Random random)
    {
        double Spread() => (4 * random.NextDouble()) - 2;
        while (true)
        {
            var affine = new Affine(
                new(Spread(), Spread(), Spread()),
                new(Spread(), Spread(), Spread()),
                new(Spread(), Spread(), Spread()),
                new(50, 60, 70)
            );
            if (affine.VolumeRatio > 0.02)
                return affine;
        }
    }

    private static Volume<byte> Fill(Geometry grid, Random random)
    {
        var density = random.NextDouble();
        return new(grid, [.. Enumerable.Range(0, grid.VoxelCount).Select(_ => (byte)(random.NextDouble() < density ? 1 : 0))]);
    }

    private static Volume<byte> Ball(Geometry grid, double radius)
    {
        var ball = new Volume<byte>(grid);
        for (var i = 0; i < ball.Voxels.Length; i++)
        {
            var (x, y, z) = (i % grid.X - 12, i / grid.X % grid.Y - 11, i / (grid.X * grid.Y) - 4);
            ball.Voxels[i] = (byte)((x * x) + (y * y) + (4 * z * z) <= radius * radius ? 1 : 0);
        }

        return ball;
    }

    private static double[] Directed(Volume<byte> from, Volume<byte> to)
    {
        Vector3d[] a = [.. SurfaceVoxels.Of(from).Select(v => from.Geometry.Affine.Apply(v.X, v.Y, v.Z))],
            b = [.. SurfaceVoxels.Of(to).Select(v => to.Geometry.Affine.Apply(v.X, v.Y, v.Z))];
        return [.. a.Select(p => b.Min(q => (p - q).Length))];
    }

    private static double Percentile(double[] values)
    {
        double[] sorted = [.. values.Order()];
        var rank = 0.95 * (sorted.Length - 1);
        var below = (int)rank;
        return sorted[below] + ((rank - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]));
    }
}
