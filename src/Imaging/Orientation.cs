namespace UnpairedSegEngine.Imaging;

/// <summary>
/// Turns a volume's array axes to a wanted frame by permuting and flipping: no value is interpolated, every voxel keeps its
/// place in the world.
/// </summary>
public static class Orientation
{
    private static readonly string[] WorldAxes = ["LR", "PA", "IS"];

    /// <summary>
    /// The volume with its axes running along <paramref name="axisCodes"/>, e.g. "RAS" or "LAS"; the volume itself where
    /// they do already.
    /// </summary>
    /// <remarks>
    /// Reorienting the result to the codes of the original grid gives the original back, oblique grids included.
    /// </remarks>
    /// <exception cref="ArgumentException">Not three codes, one of each of L/R, P/A and I/S.</exception>
    public static Volume<T> Reorient<T>(Volume<T> volume, string axisCodes)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(volume);
        RequireFrame(axisCodes);
        var source = volume.Geometry;
        if (source.AxisCodes == axisCodes)
            return volume;
        var axes = axisCodes.Select(code => SourceAxis(source, code)).ToArray();
        var flips = axes.Select((axis, i) => source.AxisCodes[axis] != axisCodes[i]).ToArray();
        int[] strides = [1, source.X, source.X * source.Y];
        int Step(int axis) => flips[axis] ? -strides[axes[axis]] : strides[axes[axis]];
        int Start(int axis) => flips[axis] ? (source.Size(axes[axis]) - 1) * strides[axes[axis]] : 0;

        var result = new Volume<T>(Turned(source, axes, flips));
        var (sizeX, sizeY, sizeZ) = (result.Geometry.X, result.Geometry.Y, result.Geometry.Z);
        var (stepX, stepY, stepZ) = (Step(0), Step(1), Step(2));
        var start = Start(0) + Start(1) + Start(2);
        var to = 0;
        for (var z = 0; z < sizeZ; z++)
        {
            for (var y = 0; y < sizeY; y++)
            {
                var from = start + (z * stepZ) + (y * stepY);
                for (var x = 0; x < sizeX; x++, from += stepX)
                    result.Voxels[to++] = volume.Voxels[from];
            }
        }

        return result;
    }

    private static Geometry Turned(Geometry source, int[] axes, bool[] flips)
    {
        var affine = source.Affine;
        var origin = affine.Origin;
        var columns = new Vector3d[3];
        for (var i = 0; i < 3; i++)
        {
            var column = affine.Column(axes[i]);
            columns[i] = flips[i] ? column * -1 : column;
            if (flips[i])
                origin += column * (source.Size(axes[i]) - 1);
        }

        return new Geometry(
            source.Size(axes[0]),
            source.Size(axes[1]),
            source.Size(axes[2]),
            new Affine(columns[0], columns[1], columns[2], origin)
        );
    }

    private static int SourceAxis(Geometry source, char code) =>
        Enumerable.Range(0, 3).Single(axis => WorldAxis(source.AxisCodes[axis]) == WorldAxis(code));

    private static int WorldAxis(char code) => Array.FindIndex(WorldAxes, pair => pair.Contains(code));

    private static void RequireFrame(string axisCodes)
    {
        if (axisCodes is not { Length: 3 } || axisCodes.Select(WorldAxis).Order().SequenceEqual([0, 1, 2]) is false)
            throw new ArgumentException(
                $"'{axisCodes}' is no frame: use one of L/R, one of P/A and one of I/S, e.g. RAS",
                nameof(axisCodes)
            );
    }
}
