using System.Numerics;
using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>A NIfTI file in memory: header, grid, extensions and the voxels as stored.</summary>
public sealed class NiftiImage
{
    internal NiftiImage(
        string path, NiftiHeader header, Geometry geometry, IReadOnlyList<NiftiExtension> extensions, byte[] stored, IReadOnlyList<string> notes)
    {
        (Path, Header, Geometry) = (path, header, geometry);
        (Extensions, StoredVoxels, Notes) = (extensions, stored, notes);
    }

    /// <summary>The file that was opened.</summary>
    public string Path { get; }

    public NiftiHeader Header { get; }

    /// <summary>The grid of the first three dimensions.</summary>
    public Geometry Geometry { get; }

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
    public double[] ToScaledDoubles()
    {
        var values = StoredAs<double>();
        if (Header.HasScaling)
        {
            // Two roundings, as numpy's raw * slope + inter has them: no fused multiply-add.
            for (var i = 0; i < values.Length; i++)
                values[i] = (values[i] * Header.SclSlope) + Header.SclInter;
        }

        return values;
    }

    /// <summary>The scaled values as an image.</summary>
    /// <exception cref="InvalidDataException">More than three dimensions, or a complex or colour data type.</exception>
    public Volume<float> ToFloatVolume()
    {
        RequireThreeDimensions();
        return new Volume<float>(Geometry, IsScaled ? Array.ConvertAll(ToScaledDoubles(), value => (float)value) : StoredAs<float>());
    }

    /// <summary>The scaled values as a label map.</summary>
    /// <exception cref="InvalidDataException">A value that is no whole number in 0..255, or as for <see
    /// cref="ToFloatVolume"/>.</exception>
    public Volume<byte> ToLabelVolume()
    {
        RequireThreeDimensions();
        var plain = Header.DataType == NiftiDataType.UInt8 && !IsScaled;
        return new Volume<byte>(Geometry, plain ? [.. StoredVoxels] : Array.ConvertAll(ToScaledDoubles(), Label));
    }

    private bool IsScaled => Header.HasScaling && (Header.SclSlope != 1 || Header.SclInter != 0);

    private byte Label(double value)
    {
        if (!(value >= 0 && value <= byte.MaxValue && Math.Floor(value) == value))
            throw new InvalidDataException(
                $"{Path}: a label map holds the value {HeaderCheck.Number(value)}, expected whole numbers from 0 to 255");
        return (byte)value;
    }

    private void RequireThreeDimensions()
    {
        if (Header.Shape.Skip(3).Any(size => size > 1))
            throw HeaderCheck.Bad(
                Path, "dim", string.Join("x", Header.Shape), "one 3D volume; split a series into its volumes first");
    }

    private TTo[] StoredAs<TTo>()
        where TTo : unmanaged, INumberBase<TTo>
        => Header.DataType switch
        {
            NiftiDataType.UInt8 => Convert<byte, TTo>(),
            NiftiDataType.Int8 => Convert<sbyte, TTo>(),
            NiftiDataType.Int16 => Convert<short, TTo>(),
            NiftiDataType.UInt16 => Convert<ushort, TTo>(),
            NiftiDataType.Int32 => Convert<int, TTo>(),
            NiftiDataType.UInt32 => Convert<uint, TTo>(),
            NiftiDataType.Int64 => Convert<long, TTo>(),
            NiftiDataType.UInt64 => Convert<ulong, TTo>(),
            NiftiDataType.Float32 => Convert<float, TTo>(),
            NiftiDataType.Float64 => Convert<double, TTo>(),
            _ => throw HeaderCheck.Bad(
                Path, "datatype", Header.DataType.Name(), "real numbers (its stored bytes alone can be read)"),
        };

    private TTo[] Convert<TFrom, TTo>()
        where TFrom : unmanaged, INumberBase<TFrom>
        where TTo : unmanaged, INumberBase<TTo>
    {
        var stored = MemoryMarshal.Cast<byte, TFrom>(StoredVoxels);
        var values = new TTo[stored.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = TTo.CreateTruncating(stored[i]);
        return values;
    }
}
