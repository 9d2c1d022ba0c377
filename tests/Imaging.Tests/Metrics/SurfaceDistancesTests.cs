using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Metrics;

namespace UnpairedSegEngine.Imaging.Tests.Metrics;

internal sealed class SurfaceDistancesTests
{
    private static readonly Vector3d Isotropic = new(1, 1, 1);

    /// <summary>A ball moved by a voxel along each axis: the published test of MONAI's Hausdorff distance.</summary>
    [Test]
    public void A_ball_moved_along_all_axes_has_the_length_of_the_move_as_its_Hausdorff_distance()
    {
        Volume<byte> ball = Ball(50, 20, 25, Isotropic),
            moved = Ball(50, 20, 26, Isotropic);
        SurfaceDistances distances = SurfaceDistances.Between(moved, ball, 1)!;
        Assert.That(distances.Hausdorff, Is.EqualTo(Math.Sqrt(3)).Within(1e-12));
    }

    [Test]
    public void Concentric_balls_are_apart_by_the_difference_of_their_radii()
    {
        SurfaceDistances distances = SurfaceDistances.Between(Ball(60, 24, 30, Isotropic), Ball(60, 16, 30, Isotropic), 1)!;
        Assert.That(distances.Hausdorff, Is.EqualTo(8).Within(1));
        Assert.That(distances.AverageSymmetric, Is.EqualTo(8).Within(0.35));
        Assert.That(distances.NormalizedSurfaceDice(6.9), Is.Zero);
        Assert.That(distances.NormalizedSurfaceDice(9.1), Is.EqualTo(1));
    }

    /// <summary>Two plates, moved along one axis: every distance is the move times that axis' spacing.</summary>
    [TestCase(0, 0.7)]
    [TestCase(1, 1.3)]
    [TestCase(2, 5)]
    public void A_plate_moved_along_an_axis_is_apart_by_the_move_in_millimetres(int axis, double spacing)
    {
        var sizes = new Vector3d(0.7, 1.3, 5);
        SurfaceDistances distances = SurfaceDistances.Between(Plate(axis, 2, sizes), Plate(axis, 5, sizes), 1)!;
        Assert.That(distances.Hausdorff, Is.EqualTo(3 * spacing).Within(1e-12));
        Assert.That(distances.Hausdorff95, Is.EqualTo(3 * spacing).Within(1e-12));
        Assert.That(distances.AverageSymmetric, Is.EqualTo(3 * spacing).Within(1e-12));
    }

    [Test]
    public void Equal_maps_are_not_apart()
    {
        Volume<byte> ball = Ball(20, 6, 10, new Vector3d(1, 2, 3));
        SurfaceDistances distances = SurfaceDistances.Between(ball, ball, 1)!;
        Assert.That(
            (distances.Hausdorff, distances.Hausdorff95, distances.AverageSymmetric, distances.NormalizedSurfaceDice(0)),
            Is.EqualTo((0d, 0d, 0d, 1d))
        );
    }

    [Test]
    public void Single_voxels_are_apart_by_their_distance()
    {
        var geometry = new Geometry(9, 9, 9, Affine.Diagonal(new Vector3d(2, 3, 6), default));
        Volume<byte> a = new(geometry),
            b = new(geometry);
        a[0, 0, 0] = b[3, 2, 1] = 1;
        Assert.That(SurfaceDistances.Between(a, b, 1)!.Hausdorff, Is.EqualTo(Math.Sqrt(36 + 36 + 36)).Within(1e-12));
    }

    /// <summary>Random masks of all densities, odd sizes and spacings, against the definition.</summary>
    [Test]
    public void Random_masks_agree_with_all_pairs()
    {
        var random = new System.Random(5);
        for (int round = 0; round < 2500; round++)
        {
            int x = random.Next(1, 7),
                y = random.Next(1, 7),
                z = random.Next(1, 6);
            var spacing = new Vector3d(
                0.3 + (3 * random.NextDouble()),
                0.3 + (3 * random.NextDouble()),
                0.3 + (6 * random.NextDouble())
            );
            var geometry = new Geometry(x, y, z, Affine.Diagonal(spacing, default));
            double density = random.NextDouble();
            Volume<byte> a = Random(geometry, random, density),
                b = Random(geometry, random, random.NextDouble());
            SurfaceDistances? distances = SurfaceDistances.Between(a, b, 1);
            double[] there = Directed(a, b, spacing),
                back = Directed(b, a, spacing);
            if (there.Length == 0 || back.Length == 0)
            {
                Assert.That(distances, Is.Null);
                continue;
            }

            double[] all = [.. there, .. back];
            double tolerance = all[random.Next(all.Length)] + 1e-9;
            Assert.That(distances!.Hausdorff, Is.EqualTo(all.Max()).Within(1e-9));
            Assert.That(distances.Hausdorff95, Is.EqualTo(Math.Max(Percentile(there), Percentile(back))).Within(1e-9));
            Assert.That(distances.AverageSymmetric, Is.EqualTo(all.Average()).Within(1e-9));
            Assert.That(
                distances.NormalizedSurfaceDice(tolerance),
                Is.EqualTo(all.Count(d => d <= tolerance) / (double)all.Length).Within(1e-12)
            );
        }
    }

    [TestCase(1, 1, StructurePresence.Both)]
    [TestCase(0, 0, StructurePresence.Absent)]
    [TestCase(0, 1, StructurePresence.Missed)]
    [TestCase(1, 0, StructurePresence.Hallucinated)]
    public void Empty_masks_follow_the_policy(int predicted, int actual, StructurePresence presence)
    {
        var geometry = new Geometry(4, 4, 4, Affine.Diagonal(new Vector3d(1, 2, 5), default));
        Volume<byte> prediction = new(geometry),
            reference = new(geometry);
        prediction[1, 1, 1] = (byte)predicted;
        reference[1, 1, 1] = (byte)actual;
        StructureScores scores = StructureScores.Of(
            prediction,
            reference,
            1,
            OverlapMetrics.Between(prediction, reference, 2).Counts[1],
            tolerance: 1
        );
        Assert.That(scores.Presence, Is.EqualTo(presence));
        Assert.That(
            scores.Dice,
            Is.EqualTo(
                presence switch
                {
                    StructurePresence.Both => 1,
                    StructurePresence.Absent => null,
                    _ => (double?)0,
                }
            )
        );
        Assert.That(scores.Nsd, Is.EqualTo(scores.Dice));
        Assert.That(scores.Hausdorff95Mm, Is.EqualTo(presence == StructurePresence.Both ? 0 : (double?)null));
        Assert.That(
            scores.VolumeDifference,
            Is.EqualTo(
                presence switch
                {
                    StructurePresence.Both => 0,
                    StructurePresence.Missed => -1,
                    _ => (double?)null,
                }
            )
        );
        Assert.That((scores.PredictedMl, scores.ReferenceMl), Is.EqualTo((predicted * 0.01, actual * 0.01)));
    }

    [Test]
    public void Different_shapes_are_refused() =>
        Assert.That(
            () => SurfaceDistances.Between(Ball(5, 1, 2, Isotropic), Ball(6, 1, 2, Isotropic), 1),
            Throws.ArgumentException.With.Message.Contains("5x5x5")
        );

    private static double[] Directed(Volume<byte> from, Volume<byte> to, Vector3d spacing)
    {
        (int X, int Y, int Z)[] a = [.. SurfaceVoxels.Of(from)],
            b = [.. SurfaceVoxels.Of(to)];
        return b.Length == 0
            ? []
            :
            [
                .. a.Select(p =>
                    b.Min(q => new Vector3d((p.X - q.X) * spacing.X, (p.Y - q.Y) * spacing.Y, (p.Z - q.Z) * spacing.Z).Length)
                ),
            ];
    }

    private static double Percentile(double[] values)
    {
        double[] sorted = [.. values.Order()];
        double rank = 0.95 * (sorted.Length - 1);
        int below = (int)Math.Floor(rank),
            above = (int)Math.Ceiling(rank);
        return sorted[below] + ((rank - below) * (sorted[above] - sorted[below]));
    }

    private static Volume<byte> Random(Geometry geometry, System.Random random, double density) =>
        new(geometry, [.. Enumerable.Range(0, geometry.VoxelCount).Select(_ => (byte)(random.NextDouble() < density ? 1 : 0))]);

    private static Volume<byte> Ball(int size, double radius, double centre, Vector3d spacing) =>
        Shape(
            size,
            spacing,
            (x, y, z) =>
                ((x - centre) * (x - centre)) + ((y - centre) * (y - centre)) + ((z - centre) * (z - centre)) <= radius * radius
        );

    private static Volume<byte> Plate(int axis, int position, Vector3d spacing) =>
        Shape(9, spacing, (x, y, z) => new[] { x, y, z }[axis] == position);

    private static Volume<byte> Shape(int size, Vector3d spacing, Func<int, int, int, bool> contains)
    {
        var geometry = new Geometry(size, size, size, Affine.Diagonal(spacing, default));
        return new(
            geometry,
            [
                .. Enumerable
                    .Range(0, geometry.VoxelCount)
                    .Select(i => (byte)(contains(i % size, i / size % size, i / (size * size)) ? 1 : 0)),
            ]
        );
    }
}
