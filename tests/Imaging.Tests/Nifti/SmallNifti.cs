using System.Buffers.Binary;
using System.IO.Compression;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Tests.Nifti;

/// <summary>A valid 4x3x2 int16 file as bytes, for tests that break it.</summary>
internal static class SmallNifti
{
    public const int DataStart = 352;

    public static Geometry Geometry { get; } = new(4, 3, 2, Affine.Diagonal(new(-2, 2, 3), new(3, -2, -1.5)));

    public static byte[] Bytes(int version = 1, bool bigEndian = false)
    {
        using var folder = new TemporaryFolder();
        var volume = new Volume<short>(Geometry, [.. Enumerable.Range(0, Geometry.VoxelCount).Select(i => (short)(i - 5))]);
        NiftiWriter.Write(folder.File("a.nii"), volume, new NiftiWriteOptions { Version = version, BigEndian = bigEndian });
        return File.ReadAllBytes(folder.File("a.nii"));
    }

    public static byte[] With(this byte[] bytes, int at, short value)
    {
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(at), value);
        return bytes;
    }

    public static byte[] With(this byte[] bytes, int at, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);
        return bytes;
    }

    public static byte[] With(this byte[] bytes, int at, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(at), value);
        return bytes;
    }

    public static byte[] With(this byte[] bytes, int at, float value)
    {
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at), value);
        return bytes;
    }

    public static byte[] WithText(this byte[] bytes, int at, string text)
    {
        foreach (var letter in text)
            bytes[at++] = (byte)letter;
        return bytes;
    }

    public static byte[] Gzip(this byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return target.ToArray();
    }

    /// <summary>Puts extension bytes between header and voxels and moves vox_offset; pads to the given offset.</summary>
    public static byte[] WithExtension(this byte[] bytes, int esize, int content, int voxOffset)
    {
        var head = bytes[..DataStart].With(348, 1).With(108, (float)voxOffset);
        var extension = new byte[Math.Max(8, content)]
            .With(0, esize)
            .With(4, 6);
        var padded = new byte[voxOffset - DataStart];
        extension.AsSpan(0, Math.Min(extension.Length, padded.Length)).CopyTo(padded);
        return [.. head, .. padded, .. bytes[DataStart..]];
    }
}
