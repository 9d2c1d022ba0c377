using System.Numerics;
using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>A NIfTI file in memory: header, grid, extensions and the voxels as stored.</summary>
public sealed class NiftiImage
{
    private const int BlockVoxels = 1 << 16;

    internal NiftiImage(
        string path,
        NiftiHeader header,
        Geometry geometry,
        IReadOnlyList<NiftiExtension> extensions,
        byte[] stored,
        IReadOnlyList<string> notes
    )
    {
        (Path, Header, Geometry) = (path, header, geometry);
        (Extensions, StoredVoxels, Notes) = (extensions, stored, notes);
    }

    /// <summary>A volume that was read from a file of another format, as a NIfTI file would hold it.</summary>
    /// <param name="path">That file.</param>
    /// <param name="geometry">Its grid.</param>
    /// <param name="type">Of its voxels.</param>
    /// <param name="stored">They, little-endian.</param>
    /// <param name="notes">Oddities that were accepted.</param>
    internal static NiftiImage Of(
        string path,
        Geometry geometry,
        NiftiDataType type,
        byte[] stored,
        IReadOnlyList<string> notes
    ) => new(path, NiftiWriter.HeaderFor(geometry, type, new NiftiHeader { SclSlope = 1 }), geometry, [], stored, notes);

    /// <summary>The file that was opened.</summary>
    public string Path { get; }

    /// <summary>The header as stored: in the file's unit of length and with its scaling.</summary>
    public NiftiHeader Header { get; }

    /// <summary>The grid of the first three dimensions.</summary>
    public Geometry Geometry { get; }

    /// <summary>What follows the header, in the file's order; empty where there are none.</summary>
    public IReadOnlyList<NiftiExtension> Extensions { get; }

    /// <summary>All voxels in the stored data type, little-endian, x fastest, up to seven dimensions.</summary>
    public byte[] StoredVoxels { get; }

    /// <summary>Oddities of the header that were accepted, one line each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>
    /// The stored values as float64, times scl_slope plus scl_inter where the header has a scaling; all dimensions, x
    /// fastest.
    /// </summary>
    /// <exception cref="InvalidDataException">A complex or colour data type.</exception>
    public double[] ToScaledDoubles() => Scaled(value => value);

    /// <summary>
    /// Hands out the values of <see cref="ToScaledDoubles"/> in order, a small block at a time, each with the index of its first
    /// voxel.
    /// </summary>
    /// <exception cref="InvalidDataException">A complex or colour data type.</exception>
    public void ReadScaled(Action<int, ReadOnlyMemory<double>> take)
    {
        var count = StoredVoxels.Length / Header.DataType.VoxelBytes();
        var block = new double[Math.Min(count, BlockVoxels)];
        for (var first = 0; first < count; first += block.Length)
        {
            var part = block.AsMemory(0, Math.Min(block.Length, count - first));
            CopyStored(first, part.Span);
            if (Header.HasScaling)
                Scale(part.Span);
            take(first, part);
        }
    }

    /// <summary>The same volume, said to be from another place than the file that was opened.</summary>
    /// <param name="path">That place, for messages.</param>
    /// <param name="notes">Further oddities.</param>
    public NiftiImage At(string path, IEnumerable<string> notes) =>
        new(path, Header, Geometry, Extensions, StoredVoxels, [.. Notes, .. notes]);

    /// <summary>How many volumes the file holds: 1, or the length of a series.</summary>
    public int Volumes => (int)Header.Shape.Skip(3).Aggregate(1L, (product, size) => product * size);

    /// <summary>One volume of a series, with its values as stored and the series' scaling.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such volume.</exception>
    public NiftiImage Volume(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Volumes);
        var bytes = StoredVoxels.Length / Volumes;
        return new NiftiImage(
            Path,
            NiftiWriter.HeaderFor(Geometry, Header.DataType, Header),
            Geometry,
            [],
            StoredVoxels.AsSpan(index * bytes, bytes).ToArray(),
            Notes
        );
    }

    /// <summary>The scaled values as an image.</summary>
    /// <exception cref="InvalidDataException">More than three dimensions, or a complex or colour data type.</exception>
    public Volume<float> ToFloatVolume()
    {
        RequireThreeDimensions();
        if (IsScaled)
            return new Volume<float>(Geometry, Scaled(value => (float)value));
        var volume = new Volume<float>(Geometry);
        CopyStored(0, volume.Voxels.AsSpan());
        return volume;
    }

    /// <summary>The scaled values as a label map.</summary>
    /// <exception cref="InvalidDataException">A value that is no whole number in 0..255, or as for <see
    /// cref="ToFloatVolume"/>.</exception>
    public Volume<byte> ToLabelVolume()
    {
        RequireThreeDimensions();
        var plain = Header.DataType == NiftiDataType.UInt8 && !IsScaled;
        return new Volume<byte>(Geometry, plain ? [.. StoredVoxels] : Scaled(Label));
    }

    private bool IsScaled => Header.HasScaling && (Header.SclSlope != 1 || Header.SclInter != 0);

    private byte Label(double value)
    {
        if (!(value >= 0 && value <= byte.MaxValue && Math.Floor(value) == value))
            throw new InvalidDataException(
                $"{Path}: a label map holds the value {HeaderCheck.Number(value)}, expected whole numbers from 0 to 255"
            );
        return (byte)value;
    }

    private void RequireThreeDimensions()
    {
        if (Header.Shape.Skip(3).Any(size => size > 1))
            throw HeaderCheck.Bad(
                Path,
                "dim",
                string.Join("x", Header.Shape),
                "one 3D volume; split a series into its volumes first"
            );
    }

    private T[] Scaled<T>(Func<double, T> convert)
    {
        var values = new T[StoredVoxels.Length / Header.DataType.VoxelBytes()];
        ReadScaled(
            (first, block) =>
            {
                foreach (var value in block.Span)
                    values[first++] = convert(value);
            }
        );
        return values;
    }

    // Two roundings, as numpy's raw * slope + inter has them: no fused multiply-add.
    private void Scale(Span<double> values)
    {
        for (var i = 0; i < values.Length; i++)
            values[i] = (values[i] * Header.SclSlope) + Header.SclInter;
    }

    private void CopyStored<T>(int first, Span<T> target)
        where T : unmanaged, INumberBase<T>
    {
        Action<int, Span<T>> copy = Header.DataType switch
        {
            NiftiDataType.UInt8 => Copy<byte, T>,
            NiftiDataType.Int8 => Copy<sbyte, T>,
            NiftiDataType.Int16 => Copy<short, T>,
            NiftiDataType.UInt16 => Copy<ushort, T>,
            NiftiDataType.Int32 => Copy<int, T>,
            NiftiDataType.UInt32 => Copy<uint, T>,
            NiftiDataType.Int64 => Copy<long, T>,
            NiftiDataType.UInt64 => Copy<ulong, T>,
            NiftiDataType.Float32 => Copy<float, T>,
            NiftiDataType.Float64 => Copy<double, T>,
            _ => throw HeaderCheck.Bad(
                Path,
                "datatype",
                Header.DataType.Name(),
                "real numbers (its stored bytes alone can be read)"
            ),
        };
        copy(first, target);
    }

    private void Copy<TFrom, TTo>(int first, Span<TTo> target)
        where TFrom : unmanaged, INumberBase<TFrom>
        where TTo : unmanaged, INumberBase<TTo>
    {
        var stored = MemoryMarshal.Cast<byte, TFrom>(StoredVoxels).Slice(first, target.Length);
        for (var i = 0; i < target.Length; i++)
            target[i] = TTo.CreateTruncating(stored[i]);
    }
}
