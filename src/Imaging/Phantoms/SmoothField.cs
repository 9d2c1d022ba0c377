namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>
/// A smooth random field of unit variance at its knots: independent normal numbers a given distance apart, linear between
/// them.
/// </summary>
internal static class SmoothField
{
    public static Volume<float> Create(Geometry geometry, double knotDistance, CounterRandom random)
    {
        int Knots(int axis) => Math.Max(2, (int)Math.Ceiling(geometry.Size(axis) * geometry.Spacing[axis] / knotDistance));
        var knots = new Volume<float>(Resampling.Resize(geometry, Knots(0), Knots(1), Knots(2)));
        for (var i = 0; i < knots.Voxels.Length; i++)
            knots.Voxels[i] = (float)random.Normal(i);
        return Resampling.Linear(knots, geometry);
    }
}
