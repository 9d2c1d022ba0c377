using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// A case as the network sees it: normalized, in canonical axial slices of network size. Intensities are held in
/// 16 bits between the extremes of the normalized volume, which has no outliers (see <see cref="IntensityNormalization"/>).
/// </summary>
public sealed class PreparedCase
{
    private readonly ushort[] levels;
    private readonly byte[]? labels;
    private readonly float lowest,
        levelStep;

    private PreparedCase(
        LoadedCase loaded,
        CaseGrid grid,
        float[] image,
        byte[]? labels,
        int classCount,
        IntensityFindings findings
    )
    {
        Id = loaded.Id;
        Modality = loaded.Modality;
        Fingerprint = loaded.Fingerprint;
        Grid = grid;
        Findings = findings;
        this.labels = labels;
        lowest = image.Min();
        double range = (double)image.Max() - lowest,
            levelsPerUnit = range > 0 ? ushort.MaxValue / range : 0;
        levelStep = (float)(range / ushort.MaxValue);
        levels = Array.ConvertAll(image, v => (ushort)Math.Round(((double)v - lowest) * levelsPerUnit));
        ClassHistograms = labels is null
            ? []
            : [.. labels.Chunk(grid.Height * grid.Width).Select(slice => Count(slice, classCount))];
    }

    /// <summary>The case's name.</summary>
    public string Id { get; }

    /// <summary>What it was imaged with.</summary>
    public Modality Modality { get; }

    /// <summary>Of the volumes that it was prepared from.</summary>
    public CaseFingerprint Fingerprint { get; }

    /// <summary>What was odd about its intensities.</summary>
    public IntensityFindings Findings { get; }

    /// <summary>The way back to the volume's own grid.</summary>
    public CaseGrid Grid { get; }

    /// <summary>Axial slices.</summary>
    public int SliceCount => Grid.SliceCount;

    /// <summary>Pixels of each class in each slice, at network size; empty without a reference segmentation.</summary>
    public IReadOnlyList<IReadOnlyList<int>> ClassHistograms { get; }

    /// <summary>Memory held, in bytes.</summary>
    public long Bytes => (levels.LongLength * sizeof(ushort)) + (labels?.LongLength ?? 0);

    /// <summary>Normalizes, reorients and resamples a case.</summary>
    /// <param name="loaded">The case; its volumes are not changed.</param>
    /// <param name="settings">What the network sees.</param>
    /// <param name="classCount">Classes of the dataset.</param>
    /// <exception cref="InvalidDataException">The volume has more slices, or by its spacing more voxels, than make sense at
    /// network size.</exception>
    public static PreparedCase Prepare(LoadedCase loaded, PreprocessingSettings settings, int classCount)
    {
        Volume<float> canonical = Orientation.Reorient(loaded.Image, CaseGrid.CanonicalAxes);
        IntensityMap map = settings.Normalizations[loaded.Modality.Index].Fit(canonical.Voxels, out IntensityFindings findings);
        var grid = new CaseGrid(loaded.Id, loaded.Image.Geometry, canonical.Geometry, settings.Shape, settings.Spacing);
        float[] normalized = [.. canonical.Voxels];
        map.Apply(normalized);
        float outside = normalized.Min();
        int pixels = grid.Height * grid.Width;
        if ((long)pixels * grid.SliceCount > Array.MaxLength)
        {
            throw new InvalidDataException(
                $"case '{loaded.Id}': {grid.SliceCount} slices of {grid.Height}x{grid.Width} are more than one array "
                    + "holds: choose smaller slices or larger voxels"
            );
        }
        var image = new float[pixels * grid.SliceCount];
        for (int slice = 0; slice < grid.SliceCount; slice++)
            grid.ToNetwork(normalized, slice, outside, image.AsSpan(slice * pixels, pixels));
        return new PreparedCase(loaded, grid, image, PrepareLabels(loaded, grid), classCount, findings);
    }

    /// <summary>
    /// Writes the images of consecutive slices, each with its neighbours as channels; beyond the ends the end slice repeats.
    /// </summary>
    /// <param name="firstSlice">The first slice.</param>
    /// <param name="count">How many.</param>
    /// <param name="channels">Neighbouring slices per image, odd.</param>
    /// <param name="images">Receives (count, height, width, channels).</param>
    public void ReadImages(int firstSlice, int count, int channels, Span<float> images)
    {
        int pixels = Grid.Height * Grid.Width;
        for (int i = 0; i < count; i++)
        {
            Span<float> image = images.Slice(i * pixels * channels, pixels * channels);
            for (int channel = 0; channel < channels; channel++)
            {
                int slice = Math.Clamp(firstSlice + i + channel - (channels / 2), 0, SliceCount - 1);
                ReadOnlySpan<ushort> source = levels.AsSpan(slice * pixels, pixels);
                for (int pixel = 0; pixel < pixels; pixel++)
                    image[(pixel * channels) + channel] = lowest + (levelStep * source[pixel]);
            }
        }
    }

    /// <summary>Writes a block of the image, (depth, height, width). Voxels beyond the volume repeat its border.</summary>
    /// <param name="slice">First slice.</param>
    /// <param name="row">First row.</param>
    /// <param name="column">First column.</param>
    /// <param name="size">Size of the block, one channel.</param>
    /// <param name="image">Receives it.</param>
    public void ReadBlock(int slice, int row, int column, SampleShape size, Span<float> image)
    {
        for (int z = 0, i = 0; z < size.Depth; z++)
        {
            int sourceSlice = Math.Clamp(slice + z, 0, SliceCount - 1);
            for (int y = 0; y < size.Height; y++)
            {
                int line = ((sourceSlice * Grid.Height) + Math.Clamp(row + y, 0, Grid.Height - 1)) * Grid.Width;
                for (int x = 0; x < size.Width; x++, i++)
                    image[i] = lowest + (levelStep * levels[line + Math.Clamp(column + x, 0, Grid.Width - 1)]);
            }
        }
    }

    /// <summary>
    /// The image at a position between voxels, linear along each axis; the lowest value of the volume beyond it.
    /// </summary>
    internal float Interpolate(float slice, float row, float column)
    {
        float z = MathF.Floor(slice),
            y = MathF.Floor(row),
            x = MathF.Floor(column);
        float near = InSlice((int)z, (int)y, (int)x, row - y, column - x),
            far = InSlice((int)z + 1, (int)y, (int)x, row - y, column - x);
        return lowest + (levelStep * (near + ((slice - z) * (far - near))));
    }

    /// <summary>The class at the voxel nearest to a position; background beyond the volume.</summary>
    internal byte NearestLabel(float slice, float row, float column)
    {
        int z = (int)MathF.Floor(slice + 0.5f),
            y = (int)MathF.Floor(row + 0.5f),
            x = (int)MathF.Floor(column + 0.5f);
        return Holds(z, y, x) ? labels![(((z * Grid.Height) + y) * Grid.Width) + x] : LabelValue.Background;
    }

    private float InSlice(int z, int y, int x, float down, float along)
    {
        float upperLeft = Level(z, y, x),
            lowerLeft = Level(z, y + 1, x);
        float upper = upperLeft + (along * (Level(z, y, x + 1) - upperLeft)),
            lower = lowerLeft + (along * (Level(z, y + 1, x + 1) - lowerLeft));
        return upper + (down * (lower - upper));
    }

    private float Level(int z, int y, int x) => Holds(z, y, x) ? levels[(((z * Grid.Height) + y) * Grid.Width) + x] : 0;

    private bool Holds(int z, int y, int x) =>
        (uint)z < (uint)SliceCount && (uint)y < (uint)Grid.Height && (uint)x < (uint)Grid.Width;

    /// <summary>The class map of a slice, (height, width).</summary>
    /// <exception cref="InvalidOperationException">The case has no reference segmentation.</exception>
    public ReadOnlySpan<byte> LabelsOf(int slice) =>
        labels is null
            ? throw new InvalidOperationException($"case '{Id}' has no reference segmentation")
            : labels.AsSpan(slice * Grid.Height * Grid.Width, Grid.Height * Grid.Width);

    private static byte[]? PrepareLabels(LoadedCase loaded, CaseGrid grid)
    {
        if (loaded.Labels is null)
            return null;
        Volume<byte> canonical = Orientation.Reorient(loaded.Labels, CaseGrid.CanonicalAxes);
        int pixels = grid.Height * grid.Width;
        var labels = new byte[pixels * grid.SliceCount];
        for (int slice = 0; slice < grid.SliceCount; slice++)
            grid.ToNetwork(canonical.Voxels, slice, labels.AsSpan(slice * pixels, pixels));
        return labels;
    }

    private static int[] Count(byte[] slice, int classCount)
    {
        var counts = new int[classCount];
        foreach (byte label in slice)
        {
            if (label < classCount)
                counts[label]++;
        }
        return counts;
    }
}
