namespace UnpairedSegEngine.Imaging.Metrics;

/// <summary>
/// Distances in mm between the surfaces of a structure in a prediction and its reference. The surface are the voxels of the
/// structure with a neighbour across a face
/// that is not of it, or beyond the volume; distances are between voxel centres in the world, in sheared grids (gantry tilt),
/// too; every surface voxel counts once.
/// </summary>
public sealed class SurfaceDistances
{
    /// <summary>
    /// What float32 headers do to right angles. A transform along the axes is off by half of it at most, relative to the
    /// distance.
    /// </summary>
    private const double OrthogonalWithin = 5e-7;

    private readonly double[] fromPrediction,
        fromReference;

    private SurfaceDistances(double[] fromPrediction, double[] fromReference)
    {
        (this.fromPrediction, this.fromReference) = (fromPrediction, fromReference);
        Array.Sort(fromPrediction);
        Array.Sort(fromReference);
    }

    /// <summary>The largest distance from one surface to the other, in either direction.</summary>
    public double Hausdorff => Math.Max(fromPrediction[^1], fromReference[^1]);

    /// <summary>
    /// The larger of both directions' 95th percentiles, each linearly interpolated between ranks (MONAI's definition).
    /// </summary>
    public double Hausdorff95 => Math.Max(Percentile(fromPrediction, 0.95), Percentile(fromReference, 0.95));

    /// <summary>Average symmetric surface distance: the mean over the voxels of both surfaces.</summary>
    public double AverageSymmetric =>
        (fromPrediction.Sum() + fromReference.Sum()) / (fromPrediction.Length + fromReference.Length);

    /// <summary>
    /// Normalized surface Dice: the share of both surfaces' voxels that lie within a tolerance, in mm, of the other surface
    /// (Nikolov et al. 2018, arXiv:1809.04430).
    /// </summary>
    public double NormalizedSurfaceDice(double tolerance) =>
        (fromPrediction.Count(d => d <= tolerance) + fromReference.Count(d => d <= tolerance))
        / (double)(fromPrediction.Length + fromReference.Length);

    /// <summary>The distances of one class; null where it is missing from either map.</summary>
    /// <param name="prediction">Label map.</param>
    /// <param name="reference">Label map on a grid of the same shape; its affine counts.</param>
    /// <param name="label">The class.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static SurfaceDistances? Between(Volume<byte> prediction, Volume<byte> reference, byte label)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentNullException.ThrowIfNull(reference);
        if (!prediction.Geometry.SameShape(reference.Geometry))
            throw new ArgumentException(
                $"prediction of {prediction.Geometry.ShapeText()} against a reference of {reference.Geometry.ShapeText()}"
            );
        List<int> predicted = Surface(prediction, label),
            actual = Surface(reference, label);
        if (predicted.Count == 0 || actual.Count == 0)
            return null;
        if (reference.Geometry.Affine.Shear > OrthogonalWithin)
        {
            Vector3d[] predictedPlaces = Places(reference.Geometry, predicted),
                actualPlaces = Places(reference.Geometry, actual);
            return new SurfaceDistances(Distances(predictedPlaces, actualPlaces), Distances(actualPlaces, predictedPlaces));
        }

        var box = new SurfaceBox(reference.Geometry, predicted.Concat(actual));
        return new SurfaceDistances(box.Distances(predicted, actual), box.Distances(actual, predicted));
    }

    private static double[] Distances(Vector3d[] from, Vector3d[] to)
    {
        var tree = new PointTree([.. to]);
        var distances = new double[from.Length];
        Parallel.For(0, from.Length, i => distances[i] = tree.Distance(from[i]));
        return distances;
    }

    /// <summary>Relative to the first voxel: a far origin would cost digits.</summary>
    private static Vector3d[] Places(Geometry grid, List<int> voxels)
    {
        Affine axes = grid.Affine with { Origin = default };
        return [.. voxels.Select(voxel => axes.Apply(voxel % grid.X, voxel / grid.X % grid.Y, voxel / (grid.X * grid.Y)))];
    }

    private static double Percentile(double[] sorted, double share)
    {
        double rank = share * (sorted.Length - 1);
        int below = (int)rank,
            above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((rank - below) * (sorted[above] - sorted[below]));
    }

    private static List<int> Surface(Volume<byte> volume, byte label)
    {
        Geometry grid = volume.Geometry;
        byte[] voxels = volume.Voxels;
        int plane = grid.X * grid.Y;
        var surface = new List<int>();
        for (int z = 0, i = 0; z < grid.Z; z++)
        {
            for (int y = 0; y < grid.Y; y++)
            {
                for (int x = 0; x < grid.X; x++, i++)
                {
                    if (voxels[i] != label)
                        continue;
                    bool isInner =
                        x > 0
                        && x < grid.X - 1
                        && y > 0
                        && y < grid.Y - 1
                        && z > 0
                        && z < grid.Z - 1
                        && voxels[i - 1] == label
                        && voxels[i + 1] == label
                        && voxels[i - grid.X] == label
                        && voxels[i + grid.X] == label
                        && voxels[i - plane] == label
                        && voxels[i + plane] == label;
                    if (!isInner)
                        surface.Add(i);
                }
            }
        }

        return surface;
    }

    /// <summary>The part of a grid that holds both surfaces: nothing beyond it matters to their distances.</summary>
    private sealed class SurfaceBox
    {
        private readonly Geometry grid;
        private readonly int[] first = [int.MaxValue, int.MaxValue, int.MaxValue],
            sizes = new int[3];

        public SurfaceBox(Geometry grid, IEnumerable<int> voxels)
        {
            this.grid = grid;
            int[] last = [-1, -1, -1];
            foreach (int voxel in voxels)
            {
                (int x, int y, int z) = At(voxel);
                (first[0], first[1], first[2]) = (Math.Min(first[0], x), Math.Min(first[1], y), Math.Min(first[2], z));
                (last[0], last[1], last[2]) = (Math.Max(last[0], x), Math.Max(last[1], y), Math.Max(last[2], z));
            }

            for (int axis = 0; axis < 3; axis++)
                sizes[axis] = last[axis] - first[axis] + 1;
        }

        /// <summary>From each of some voxels to the nearest of others.</summary>
        public double[] Distances(List<int> from, List<int> to)
        {
            var squares = new double[sizes[0] * sizes[1] * sizes[2]];
            squares.AsSpan().Fill(double.PositiveInfinity);
            foreach (int voxel in to)
                squares[IndexOf(voxel)] = 0;
            DistanceTransform.Run(squares, sizes, grid.Spacing);
            return [.. from.Select(voxel => Math.Sqrt(squares[IndexOf(voxel)]))];
        }

        private (int X, int Y, int Z) At(int voxel) => (voxel % grid.X, voxel / grid.X % grid.Y, voxel / (grid.X * grid.Y));

        private int IndexOf(int voxel)
        {
            (int x, int y, int z) = At(voxel);
            return (((((z - first[2]) * sizes[1]) + y) - first[1]) * sizes[0]) + x - first[0];
        }
    }
}
