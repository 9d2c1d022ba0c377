using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>Writes volumes as .nii, .nii.gz or an .hdr/.img pair (each with .gz or not), whole or not at all.</summary>
public static class NiftiWriter
{
    private const int MillimetresAndSeconds = 10;

    /// <summary>Writes in the volume's own data type, unscaled, with sform and qform.</summary>
    /// <exception cref="ArgumentException">A file ending, version or voxel type that cannot be written.</exception>
    public static void Write<T>(string path, Volume<T> volume, NiftiWriteOptions? options = null)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(volume);
        options ??= new NiftiWriteOptions();
        if (!NiftiPaths.IsNifti(path))
            throw new ArgumentException($"{path}: a NIfTI file ends in .nii, .nii.gz, .hdr or .img", nameof(path));
        if (options.Version is not (1 or 2))
            throw new ArgumentException($"NIfTI version {options.Version} does not exist: use 1 or 2", nameof(options));
        var pair = NiftiPaths.IsPair(path);
        var header = HeaderFor(volume.Geometry, TypeOf<T>(path), pair, options);
        var voxels = MemoryMarshal.AsBytes(volume.Voxels.AsSpan()).ToArray();
        if (header.BigEndian)
            ByteOrder.Swap(voxels, header.DataType.ComponentBytes());
        if (!pair)
        {
            WriteFile(path, [HeaderCodec.Encode(header), ExtensionBytes(header, options), voxels]);
            return;
        }

        // The voxels first: a header alone names its missing partner when it is read.
        var gz = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? ".gz" : "";
        WriteFile(NiftiPaths.Stem(path) + ".img" + gz, [voxels]);
        WriteFile(NiftiPaths.Stem(path) + ".hdr" + gz, [HeaderCodec.Encode(header), ExtensionBytes(header, options)]);
    }

    /// <summary>Writes a volume that was read: its values as stored, with their type and scaling, as .nii or .nii.gz.</summary>
    /// <exception cref="ArgumentException">Another ending, or a series.</exception>
    public static void Write(string path, NiftiImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (!NiftiPaths.IsNifti(path) || NiftiPaths.IsPair(path))
            throw new ArgumentException($"{path}: expected a name that ends in .nii or .nii.gz", nameof(path));
        if (image.Volumes != 1)
            throw new ArgumentException($"{image.Path}: is a series, expected one volume", nameof(image));
        var header = HeaderFor(image.Geometry, image.Header.DataType, image.Header);
        WriteFile(path, [HeaderCodec.Encode(header), new byte[4], image.StoredVoxels]);
    }

    /// <summary>The header of one little-endian file of one volume, with the template's descriptive fields and scaling.</summary>
    internal static NiftiHeader HeaderFor(Geometry geometry, NiftiDataType type, NiftiHeader template)
    {
        var longest = Math.Max(geometry.X, Math.Max(geometry.Y, geometry.Z));
        var options = new NiftiWriteOptions { Template = template, Version = longest > short.MaxValue ? 2 : 1 };
        return HeaderFor(geometry, type, pair: false, options) with
        {
            SclSlope = template.HasScaling ? template.SclSlope : 1,
            SclInter = template.HasScaling ? template.SclInter : 0,
        };
    }

    private static NiftiHeader HeaderFor(Geometry geometry, NiftiDataType type, bool pair, NiftiWriteOptions options)
    {
        // Analyze's bytes in the place of these fields mean something else.
        var template = options.Template is { IsAnalyze: false } given
            ? given
            : new NiftiHeader { XyztUnits = MillimetresAndSeconds };
        if (geometry.X > MaximumSize(options) || geometry.Y > MaximumSize(options) || geometry.Z > MaximumSize(options))
            throw new ArgumentException(
                $"NIfTI-1 stores sizes up to {short.MaxValue}, not {geometry.ShapeText()}: write version 2",
                nameof(options)
            );
        var header = HeaderGeometry.Write(template, geometry) with
        {
            Version = options.Version,
            BigEndian = options.BigEndian,
            Magic = (pair ? "ni" : "n+") + options.Version,
            DataType = type,
            BitPix = type.VoxelBytes() * 8,
            SclSlope = options.Slope,
            SclInter = 0,
        };
        return header with { VoxOffset = pair ? 0 : header.SizeOfHdr + 4 + options.Extensions.Sum(PaddedBytes) };
    }

    private static int MaximumSize(NiftiWriteOptions options) => options.Version == 1 ? short.MaxValue : int.MaxValue;

    private static int PaddedBytes(NiftiExtension extension) => (extension.StoredBytes + 15) / 16 * 16;

    private static byte[] ExtensionBytes(NiftiHeader header, NiftiWriteOptions options)
    {
        var bytes = new byte[4 + options.Extensions.Sum(PaddedBytes)];
        bytes[0] = (byte)(options.Extensions.Count > 0 ? 1 : 0);
        var at = 4;
        foreach (var extension in options.Extensions)
        {
            Span<int> head = [PaddedBytes(extension), extension.Code];
            if (header.BigEndian)
                BinaryPrimitives.ReverseEndianness(head, head);
            MemoryMarshal.AsBytes(head).CopyTo(bytes.AsSpan(at));
            extension.Content.CopyTo(bytes, at + 8);
            at += PaddedBytes(extension);
        }

        return bytes;
    }

    private static void WriteFile(string path, byte[][] parts) =>
        AtomicFile.Write(
            path,
            stream =>
            {
                using var gzip = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
                    ? new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true)
                    : null;
                foreach (var part in parts)
                    (gzip ?? stream).Write(part);
            }
        );

    private static NiftiDataType TypeOf<T>(string path) =>
        Type.GetTypeCode(typeof(T)) switch
        {
            TypeCode.Byte => NiftiDataType.UInt8,
            TypeCode.SByte => NiftiDataType.Int8,
            TypeCode.Int16 => NiftiDataType.Int16,
            TypeCode.UInt16 => NiftiDataType.UInt16,
            TypeCode.Int32 => NiftiDataType.Int32,
            TypeCode.UInt32 => NiftiDataType.UInt32,
            TypeCode.Int64 => NiftiDataType.Int64,
            TypeCode.UInt64 => NiftiDataType.UInt64,
            TypeCode.Single => NiftiDataType.Float32,
            TypeCode.Double => NiftiDataType.Float64,
            _ => throw new ArgumentException($"{path}: voxels of type {typeof(T).Name} have no NIfTI data type"),
        };
}
