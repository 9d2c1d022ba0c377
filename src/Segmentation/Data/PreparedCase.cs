using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// A case as the network sees it: normalized, in canonical axial slices of network size, all channels on one grid.
/// </summary>
public sealed class PreparedCase
{
    private readonly PreparedVolume[] volumes;
    private readonly byte[]? labels;

    private PreparedCase(
        LoadedCase loaded,
        CaseGrid grid,
        PreparedVolume[] volumes,
        byte[]? labels,
        int classCount,
        IntensityFindings[] findings
    )
    {
        Id = loaded.Id;
        Modality = loaded.Modality;
        Fingerprint = loaded.Fingerprint;
        Grid = grid;
        Findings = findings;
        ChannelNames = loaded.ChannelNames;
        (this.volumes, this.labels) = (volumes, labels);
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

    /// <summary>What was odd about the intensities of each channel.</summary>
    public IReadOnlyList<IntensityFindings> Findings { get; }

    /// <inheritdoc cref="LoadedCase.ChannelNames"/>
    public IReadOnlyList<string> ChannelNames { get; }

    /// <summary>The way back to the volume's own grid.</summary>
    public CaseGrid Grid { get; }

    /// <summary>Axial slices.</summary>
    public int SliceCount => Grid.SliceCount;

    /// <summary>Co-registered volumes: the channels of the case.</summary>
    public int VolumeCount => volumes.Length;

    /// <summary>Pixels of each class in each slice, at network size; empty without a reference segmentation.</summary>
    public IReadOnlyList<IReadOnlyList<int>> ClassHistograms { get; }

    /// <summary>Memory held, in bytes.</summary>
    public long Bytes => volumes.Sum(volume => volume.Bytes) + (labels?.LongLength ?? 0);

    /// <summary>Normalizes, reorients and resamples a case.</summary>
    /// <param name="loaded">The case; its volumes are not changed.</param>
    /// <param name="settings">What the network sees.</param>
    /// <param name="classCount">Classes of the dataset.</param>
    /// <exception cref="InvalidDataException">The case has other channels than the network sees, or more slices, or by its
    /// spacing more voxels, than make sense at network size.</exception>
    public static PreparedCase Prepare(LoadedCase loaded, PreprocessingSettings settings, int classCount)
    {
        if (loaded.Images.Count != settings.Shape.Volumes)
            throw new InvalidDataException(
                $"case '{loaded.Id}': has {loaded.Images.Count} image channels, but the network sees {settings.Shape.Volumes}"
            );
        CaseGrid? grid = null;
        var volumes = new PreparedVolume[loaded.Images.Count];
        var findings = new IntensityFindings[volumes.Length];
        for (int i = 0; i < volumes.Length; i++)
        {
            Volume<float> canonical = Orientation.Reorient(loaded.Images[i], CaseGrid.CanonicalAxes);
            IntensityMap map = settings.NormalizationOf(loaded.Modality, i).Fit(canonical.Voxels, out findings[i]);
            grid ??= GridOf(loaded, canonical.Geometry, settings);
            volumes[i] = new PreparedVolume(grid, Resample(canonical, map, grid));
        }

        return new PreparedCase(loaded, grid!, volumes, PrepareLabels(loaded, grid!), classCount, findings);
    }

    /// <summary>
    /// Writes the images of consecutive slices, each with its neighbours as channels, volume after volume; beyond the ends the
    /// end slice repeats.
    /// </summary>
    /// <param name="firstSlice">The first slice.</param>
    /// <param name="count">How many.</param>
    /// <param name="neighbours">Neighbouring slices per image, odd.</param>
    /// <param name="images">Receives (count, height, width, volumes x neighbours).</param>
    public void ReadImages(int firstSlice, int count, int neighbours, Span<float> images)
    {
        int channels = VolumeCount * neighbours,
            imageLength = Grid.Height * Grid.Width * channels;
        for (int i = 0; i < count; i++)
        {
            for (int channel = 0; channel < channels; channel++)
                volumes[channel / neighbours]
                    .ReadSlice(
                        firstSlice + i + (channel % neighbours) - (neighbours / 2),
                        images.Slice(i * imageLength, imageLength)[channel..],
                        channels
                    );
        }
    }

    /// <summary>
    /// Writes a block of the image, (depth, height, width, volumes). Voxels beyond the volume repeat its border.
    /// </summary>
    /// <param name="slice">First slice.</param>
    /// <param name="row">First row.</param>
    /// <param name="column">First column.</param>
    /// <param name="size">Size of the block.</param>
    /// <param name="image">Receives it.</param>
    public void ReadBlock(int slice, int row, int column, SampleShape size, Span<float> image)
    {
        for (int z = 0, line = 0; z < size.Depth; z++)
        {
            for (int y = 0; y < size.Height; y++, line += size.Width * VolumeCount)
            {
                for (int i = 0; i < VolumeCount; i++)
                    volumes[i].ReadLine(slice + z, row + y, column, size.Width, image[(line + i)..], VolumeCount);
            }
        }
    }

    /// <summary>
    /// The intensities of all volumes at a position between voxels, linear along each axis; the lowest value of the volume
    /// beyond it.
    /// </summary>
    internal void Interpolate(float slice, float row, float column, Span<float> target)
    {
        for (int i = 0; i < volumes.Length; i++)
            target[i] = volumes[i].Interpolate(slice, row, column);
    }

    /// <summary>The class at the voxel nearest to a position; background beyond the volume.</summary>
    internal byte NearestLabel(float slice, float row, float column)
    {
        int z = (int)MathF.Floor(slice + 0.5f),
            y = (int)MathF.Floor(row + 0.5f),
            x = (int)MathF.Floor(column + 0.5f);
        return (uint)z < (uint)SliceCount && (uint)y < (uint)Grid.Height && (uint)x < (uint)Grid.Width
            ? labels![(((z * Grid.Height) + y) * Grid.Width) + x]
            : LabelValue.Background;
    }

    /// <summary>The class map of a slice, (height, width).</summary>
    /// <exception cref="InvalidOperationException">The case has no reference segmentation.</exception>
    public ReadOnlySpan<byte> LabelsOf(int slice) =>
        labels is null
            ? throw new InvalidOperationException($"case '{Id}' has no reference segmentation")
            : labels.AsSpan(slice * Grid.Height * Grid.Width, Grid.Height * Grid.Width);

    private static CaseGrid GridOf(LoadedCase loaded, Geometry canonical, PreprocessingSettings settings)
    {
        var grid = new CaseGrid(loaded.Id, loaded.Geometry, canonical, settings.Shape, settings.Spacing);
        return (long)grid.Height * grid.Width * grid.SliceCount <= Array.MaxLength
            ? grid
            : throw new InvalidDataException(
                $"case '{loaded.Id}': {grid.SliceCount} slices of {grid.Height}x{grid.Width} are more than one array "
                    + "holds: choose smaller slices or larger voxels"
            );
    }

    private static float[] Resample(Volume<float> canonical, IntensityMap map, CaseGrid grid)
    {
        float[] normalized = [.. canonical.Voxels];
        map.Apply(normalized);
        float outside = normalized.Min();
        int pixels = grid.Height * grid.Width;
        var image = new float[pixels * grid.SliceCount];
        for (int slice = 0; slice < grid.SliceCount; slice++)
            grid.ToNetwork(normalized, slice, outside, image.AsSpan(slice * pixels, pixels));
        return image;
    }

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
