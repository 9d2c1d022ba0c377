using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Bench.Planning;

/// <summary>
/// Kernels and pools of a 3D U-Net for a patch, in the manner of nnU-Net (Isensee et al. 2021): an axis is pooled, and
/// convolved over, where its voxels are at most twice as long as the shortest ones, so that deeper levels become isotropic.
/// </summary>
/// <param name="Kernels">Of each level, finest first.</param>
/// <param name="Pools">Between neighbouring levels.</param>
internal sealed record PlannedLevels(IReadOnlyList<Size3> Kernels, IReadOnlyList<Size3> Pools)
{
    /// <summary>Longer ones are of another kind; what rounding makes of 2 is 2.</summary>
    private const double MostRatio = 2.02;

    /// <summary>
    /// What pooling leaves along an axis at least. nnU-Net has 4 along each and does not let channels grow beyond 320; here they
    /// double at each level, so there is a level fewer.
    /// </summary>
    private const int LeastSide = 8,
        LeastDepth = 4;

    private const int MostLevels = 6;

    /// <summary>Depth, height and width of a sample are to be multiples of this.</summary>
    public Size3 Multiple => Size3.Map(axis => Pools.Aggregate(1, (product, pool) => product * pool[axis]));

    /// <param name="patch">Voxels along left-right, front-back, feet-head.</param>
    /// <param name="spacing">mm along them.</param>
    public static PlannedLevels Of(IReadOnlyList<double> patch, IReadOnlyList<double> spacing)
    {
        double[] size = [.. patch],
            distance = [.. spacing];
        bool[] convolved = [false, false, false];
        var kernels = new List<Size3>();
        var pools = new List<Size3>();
        while (true)
        {
            double shortest = distance.Min();
            bool[] isNear = [.. distance.Select(d => d / shortest <= MostRatio)];
            convolved = [.. convolved.Zip(isNear, (before, now) => before || now)];
            kernels.Add(SizeOf(convolved, 3));
            bool[] isPooled =
            [
                .. Enumerable.Range(0, 3).Select(axis => isNear[axis] && size[axis] / 2 >= (axis == 2 ? LeastDepth : LeastSide)),
            ];
            if (kernels.Count == MostLevels || !(isPooled[0] || isPooled[1]))
                break;
            pools.Add(SizeOf(isPooled, 2));
            for (int axis = 0; axis < 3; axis++)
            {
                size[axis] /= isPooled[axis] ? 2 : 1;
                distance[axis] *= isPooled[axis] ? 2 : 1;
            }
        }

        // Two levels are the fewest that make a U-Net.
        return pools.Count > 0
            ? new PlannedLevels(kernels, pools)
            : new PlannedLevels([kernels[0], kernels[0]], [new Size3(1, 2, 2)]);
    }

    /// <summary>As configurations have them.</summary>
    public static string Text(IReadOnlyList<Size3> sizes) =>
        string.Join(' ', sizes.Select(size => $"{size.Height}x{size.Width}x{size.Depth}"));

    private static Size3 SizeOf(bool[] axes, int side) => new(axes[2] ? side : 1, axes[1] ? side : 1, axes[0] ? side : 1);
}
