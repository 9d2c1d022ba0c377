namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// One channel of a prepared case. Intensities are held in 16 bits between the extremes of the normalized volume, which has no
/// outliers (see <see cref="IntensityNormalization"/>).
/// </summary>
internal sealed class PreparedVolume
{
    private readonly ushort[] levels;
    private readonly float lowest,
        levelStep;
    private readonly int slices,
        height,
        width;

    /// <param name="grid">The network's grid.</param>
    /// <param name="image">Normalized, (slices, height, width) on that grid.</param>
    public PreparedVolume(CaseGrid grid, float[] image)
    {
        (slices, height, width) = (grid.SliceCount, grid.Height, grid.Width);
        lowest = image.Min();
        double range = (double)image.Max() - lowest,
            levelsPerUnit = range > 0 ? ushort.MaxValue / range : 0;
        levelStep = (float)(range / ushort.MaxValue);
        levels = Array.ConvertAll(image, v => (ushort)Math.Round(((double)v - lowest) * levelsPerUnit));
    }

    /// <summary>Memory held, in bytes.</summary>
    public long Bytes => levels.LongLength * sizeof(ushort);

    /// <summary>Writes a slice; beyond the ends the end slice repeats.</summary>
    /// <param name="slice">Which.</param>
    /// <param name="image">Receives (height, width) at every <paramref name="step"/>th element.</param>
    /// <param name="step">Channels of the image.</param>
    public void ReadSlice(int slice, Span<float> image, int step)
    {
        int pixels = height * width;
        ReadOnlySpan<ushort> source = levels.AsSpan(Math.Clamp(slice, 0, slices - 1) * pixels, pixels);
        for (int pixel = 0; pixel < pixels; pixel++)
            image[pixel * step] = lowest + (levelStep * source[pixel]);
    }

    /// <summary>Writes a line of voxels; beyond the volume its border repeats.</summary>
    /// <param name="slice">Slice of the line.</param>
    /// <param name="row">Row of the line.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">Voxels.</param>
    /// <param name="image">Receives them at every <paramref name="step"/>th element.</param>
    /// <param name="step">Channels of the image.</param>
    public void ReadLine(int slice, int row, int column, int count, Span<float> image, int step)
    {
        int line = ((Math.Clamp(slice, 0, slices - 1) * height) + Math.Clamp(row, 0, height - 1)) * width;
        for (int x = 0; x < count; x++)
            image[x * step] = lowest + (levelStep * levels[line + Math.Clamp(column + x, 0, width - 1)]);
    }

    /// <summary>
    /// The intensity at a position between voxels, linear along each axis; the lowest value of the volume beyond it.
    /// </summary>
    public float Interpolate(float slice, float row, float column)
    {
        float z = MathF.Floor(slice),
            y = MathF.Floor(row),
            x = MathF.Floor(column);
        float near,
            far;
        (int k, int j, int i) = ((int)z, (int)y, (int)x);
        if ((uint)k < (uint)(slices - 1) && (uint)j < (uint)(height - 1) && (uint)i < (uint)(width - 1))
        {
            int upper = (((k * height) + j) * width) + i;
            near = Inside(upper, row - y, column - x);
            far = Inside(upper + (height * width), row - y, column - x);
        }
        else
        {
            near = InSlice(k, j, i, row - y, column - x);
            far = InSlice(k + 1, j, i, row - y, column - x);
        }

        return lowest + (levelStep * (near + ((slice - z) * (far - near))));
    }

    /// <summary>Between four voxels of a slice that exist.</summary>
    private float Inside(int upper, float down, float along) =>
        Bilinear.Between(levels[upper], levels[upper + 1], levels[upper + width], levels[upper + width + 1], down, along);

    private float InSlice(int z, int y, int x, float down, float along) =>
        Bilinear.Between(Level(z, y, x), Level(z, y, x + 1), Level(z, y + 1, x), Level(z, y + 1, x + 1), down, along);

    private float Level(int z, int y, int x) =>
        (uint)z < (uint)slices && (uint)y < (uint)height && (uint)x < (uint)width ? levels[(((z * height) + y) * width) + x] : 0;
}
