namespace UnpairedSegEngine.Imaging;

/// <summary>
/// Brings a volume onto another grid with the same axis directions: linear for images, nearest for labels. Beyond the border
/// the edge value goes on.
/// </summary>
public static class Resampling
{
    private const double DirectionTolerance = 1e-4;

    /// <summary>
    /// A grid of another size over the same field of view: the outer faces of the border voxels stay where they are.
    /// </summary>
    public static Geometry Resize(Geometry source, int x, int y, int z)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Centred(source, x, y, z, new((double)source.X / x, (double)source.Y / y, (double)source.Z / z));
    }

    /// <summary>
    /// A grid of another spacing in mm with the same centre, and the size that comes nearest to the same field of view.
    /// </summary>
    public static Geometry Respace(Geometry source, Vector3d spacing)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (!(spacing.X > 0 && spacing.Y > 0 && spacing.Z > 0))
            throw new ArgumentException(
                $"a spacing of {spacing} mm is not possible: every component must be positive",
                nameof(spacing)
            );
        var scale = new Vector3d(spacing.X / source.Spacing.X, spacing.Y / source.Spacing.Y, spacing.Z / source.Spacing.Z);
        int Size(int axis) => (int)Math.Clamp(Math.Round(source.Size(axis) / scale[axis]), 1, Array.MaxLength);
        return Centred(source, Size(0), Size(1), Size(2), scale);
    }

    /// <summary>Trilinear interpolation onto <paramref name="target"/>.</summary>
    /// <exception cref="ArgumentException">The grids' axes are not parallel.</exception>
    public static Volume<float> Linear(Volume<float> volume, Geometry target)
    {
        ArgumentNullException.ThrowIfNull(volume);
        var (source, result) = (volume.Geometry, new Volume<float>(target));
        var (xs, ys, zs) = (
            AxisSamples.Between(source, target, 0),
            AxisSamples.Between(source, target, 1),
            AxisSamples.Between(source, target, 2)
        );
        var to = 0;
        foreach (var z in zs)
        {
            foreach (var y in ys)
            {
                var row00 = Row(volume, y.Lower, z.Lower);
                var row01 = Row(volume, y.Upper, z.Lower);
                var row10 = Row(volume, y.Lower, z.Upper);
                var row11 = Row(volume, y.Upper, z.Upper);
                foreach (var x in xs)
                {
                    var near = Mix(
                        Mix(row00[x.Lower], row00[x.Upper], x.Weight),
                        Mix(row01[x.Lower], row01[x.Upper], x.Weight),
                        y.Weight
                    );
                    var far = Mix(
                        Mix(row10[x.Lower], row10[x.Upper], x.Weight),
                        Mix(row11[x.Lower], row11[x.Upper], x.Weight),
                        y.Weight
                    );
                    result.Voxels[to++] = Mix(near, far, z.Weight);
                }
            }
        }

        return result;
    }

    /// <summary>The nearest voxel's value, for labels; halfway between two, the one with the higher index.</summary>
    /// <exception cref="ArgumentException">The grids' axes are not parallel.</exception>
    public static Volume<T> Nearest<T>(Volume<T> volume, Geometry target)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(volume);
        var (source, result) = (volume.Geometry, new Volume<T>(target));
        var xs = AxisSamples.Between(source, target, 0).Select(x => x.Nearest).ToArray();
        var ys = AxisSamples.Between(source, target, 1);
        var to = 0;
        foreach (var z in AxisSamples.Between(source, target, 2))
        {
            foreach (var y in ys)
            {
                var row = Row(volume, y.Nearest, z.Nearest);
                foreach (var x in xs)
                    result.Voxels[to++] = row[x];
            }
        }

        return result;
    }

    private static ReadOnlySpan<T> Row<T>(Volume<T> volume, int y, int z)
        where T : unmanaged => volume.Voxels.AsSpan(((z * volume.Geometry.Y) + y) * volume.Geometry.X, volume.Geometry.X);

    // Exact where both ends are equal and where the weight is 0.
    private static float Mix(float a, float b, float weight) => a + ((b - a) * weight);

    private static Geometry Centred(Geometry source, int x, int y, int z, Vector3d scale)
    {
        var affine = source.Affine;
        // Target index t lies at source index scale * t + shift, where the centres of both grids meet.
        double Shift(int axis, int size) => ((source.Size(axis) - 1) - (scale[axis] * (size - 1))) / 2;
        return new Geometry(
            x,
            y,
            z,
            new Affine(
                affine.I * scale.X,
                affine.J * scale.Y,
                affine.K * scale.Z,
                affine.Apply(Shift(0, x), Shift(1, y), Shift(2, z))
            )
        );
    }

    /// <summary>Where one target index falls between two source indices along an axis.</summary>
    private readonly record struct AxisSamples(int Lower, int Upper, float Weight, int Nearest)
    {
        // Grids that went through float32 headers differ in the last bits: an index this near to a whole number is that number.
        private const double IndexTolerance = 1e-4;

        public static AxisSamples[] Between(Geometry source, Geometry target, int axis)
        {
            var (from, to) = (source.Affine, target.Affine);
            var unit = from.Column(axis) * (1 / source.Spacing[axis]);
            var scale = Vector3d.Dot(to.Column(axis), unit) / source.Spacing[axis];
            if ((to.Column(axis) * (1 / target.Spacing[axis]) - unit).Length > DirectionTolerance)
                throw new ArgumentException(
                    $"cannot resample from {source} to {target}: "
                        + $"{GridDifference.Directions(source, target, DirectionTolerance)}: reorient first"
                );
            var start = IndexOf(source, to.Origin, axis);
            return [.. Enumerable.Range(0, target.Size(axis)).Select(t => At(start + (scale * t), source.Size(axis)))];
        }

        private static AxisSamples At(double index, int size)
        {
            if (Math.Abs(index - Math.Round(index)) < IndexTolerance)
                index = Math.Round(index);
            index = Math.Clamp(index, 0, size - 1);
            var lower = (int)index;
            return new AxisSamples(lower, Math.Min(lower + 1, size - 1), (float)(index - lower), (int)Math.Floor(index + 0.5));
        }

        /// <summary>Cramer's rule for one component of the inverse affine.</summary>
        private static double IndexOf(Geometry geometry, Vector3d point, int axis)
        {
            var affine = geometry.Affine;
            var normal = Vector3d.Cross(affine.Column((axis + 1) % 3), affine.Column((axis + 2) % 3));
            return Vector3d.Dot(point - affine.Origin, normal) / Vector3d.Dot(affine.Column(axis), normal);
        }
    }
}
