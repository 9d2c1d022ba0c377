using System.Globalization;

namespace UnpairedSegEngine.Imaging;

/// <summary>
/// What a header's numbers may ask for. Beyond it they are damage or another unit, and memory, time or arithmetic would run away.
/// </summary>
public static class GridLimits
{
    /// <summary>A nanometre, in mm.</summary>
    public const double SmallestSpacing = 1e-6;

    /// <summary>Ten metres, in mm.</summary>
    public const double LargestSpacing = 1e4;

    /// <summary>mm; farther away, a double no longer tells neighbouring voxels apart.</summary>
    public const double LargestOrigin = 1e9;

    /// <summary>Volume of a voxel over that of a box with its edges; below, three axes do not span space.</summary>
    public const double SmallestVolumeRatio = 1e-6;

    private const long AlwaysPossible = 1 << 24;
    private const int Growth = 64;

    /// <summary>Refuses to resample to so many voxels that only a wrong spacing in the header explains them.</summary>
    /// <param name="what">Begins the message, such as "case 'ct_01'".</param>
    /// <param name="source">The volume's own grid.</param>
    /// <param name="spacing">Of the new grid, mm.</param>
    /// <param name="voxels">Voxels that resampling starts from, where other than the source's.</param>
    /// <exception cref="InvalidDataException">More than 16,777,216 voxels and than 64 for one.</exception>
    public static void RequireResampling(string what, Geometry source, Vector3d spacing, long? voxels = null)
    {
        double Size(int axis) => Math.Max(1, source.Size(axis) * source.Spacing[axis] / spacing[axis]);
        var most = Math.Min(Array.MaxLength, Math.Max(AlwaysPossible, Growth * (voxels ?? source.VoxelCount)));
        if (!(Size(0) * Size(1) * Size(2) <= most))
            throw new InvalidDataException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what}: {source} resampled to {spacing.ToText()} mm has {Size(0):0}x{Size(1):0}x{Size(2):0} voxels, "
                        + $"expected at most {most:N0}: correct the header's spacing (pixdim, srow, xyzt_units) or choose "
                        + $"larger voxels"
                )
            );
    }
}
