using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>Opens NIfTI-1, NIfTI-2 and Analyze 7.5 files: .nii, .nii.gz, and .hdr/.img pairs (each possibly gzipped).</summary>
public static class NiftiFile
{
    /// <summary>Reads header, extensions and voxels.</summary>
    /// <exception cref="FileNotFoundException">No such file.</exception>
    /// <exception cref="InvalidDataException">Not a readable file of these formats; names the file and the field.</exception>
    public static NiftiImage Open(string path)
    {
        var headerFile = NiftiPaths.HeaderFile(path);
        using var stream = new VolumeStream(headerFile);
        var header = ReadHeader(stream, headerFile);
        var notes = HeaderCheck.Check(header, headerFile);
        var geometry = HeaderGeometry.Read(header, headerFile, notes);
        var start = (long)header.VoxOffset;
        var extensions = header.IsAnalyze
            ? []
            : ExtensionReader.Read(stream, header, header.IsSingleFile ? start : HeaderCheck.LargestDataStart, headerFile);
        if (header.IsSingleFile)
            return new NiftiImage(path, header, geometry, extensions, ReadVoxels(stream, header, headerFile), notes);
        var imageFile = NiftiPaths.ImageFile(headerFile);
        using var image = new VolumeStream(imageFile);
        return new NiftiImage(path, header, geometry, extensions, ReadVoxels(image, header, imageFile), notes);
    }

    /// <summary>Reads and checks a header alone; the voxels need not be there.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Open"/>.</exception>
    public static NiftiHeader OpenHeader(string path)
    {
        var headerFile = NiftiPaths.HeaderFile(path);
        using var stream = new VolumeStream(headerFile);
        var header = ReadHeader(stream, headerFile);
        HeaderCheck.Check(header, headerFile);
        return header;
    }

    private static NiftiHeader ReadHeader(VolumeStream stream, string file)
    {
        var bytes = stream.Read(HeaderCodec.Nifti1Bytes);
        if (bytes.Length < HeaderCodec.Nifti1Bytes)
            throw new InvalidDataException($"{file}: {bytes.Length} bytes are too few for a NIfTI header (348 or 540)");
        if (HeaderCodec.Decode(bytes) is { } header)
            return header;
        byte[] longer = [.. bytes, .. stream.Read(HeaderCodec.Nifti2Bytes - HeaderCodec.Nifti1Bytes)];
        return HeaderCodec.Decode(longer)
            ?? throw HeaderCheck.Bad(
                file,
                "sizeof_hdr",
                $"{MemoryMarshal.Read<int>(bytes)}",
                "348 (NIfTI-1) or 540 (NIfTI-2) in either byte order"
            );
    }

    private static byte[] ReadVoxels(VolumeStream stream, NiftiHeader header, string file)
    {
        var needed = HeaderCheck.DataBytes(header);
        if (!stream.SkipTo((long)header.VoxOffset))
            throw HeaderCheck.Bad(
                file,
                "vox_offset",
                HeaderCheck.Number(header.VoxOffset),
                $"an offset within the file's {stream.Position} bytes"
            );
        // What a file can hold follows from its size: a claim beyond it is refused unread.
        var possible = stream.MostBytesLeft;
        if (possible < needed)
            throw Cut(stream.IsCompressed ? $"at most {possible}" : $"{Math.Max(0, possible)}");
        var voxels = stream.Read(needed);
        if (voxels.Length < needed)
            throw Cut($"{voxels.Length}");
        stream.VerifyEnd();
        if (header.BigEndian)
            ByteOrder.Swap(voxels, header.DataType.ComponentBytes());
        return voxels;

        InvalidDataException Cut(string found) =>
            new(
                $"{file}: the voxel data are cut: {found} bytes, expected {needed} for {string.Join("x", header.Shape)} "
                    + $"{header.DataType.Name()}"
            );
    }
}
