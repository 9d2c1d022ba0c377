using System.Buffers.Binary;

namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>Reads the chain of extensions between the header and the voxels.</summary>
internal static class ExtensionReader
{
    private const int MostExtensions = 1000;

    /// <param name="stream">Placed behind the header.</param>
    /// <param name="end">Where the voxels start; in a .hdr file, whose extensions run to its end,
    /// <see cref="HeaderCheck.LargestDataStart"/>.</param>
    /// <exception cref="InvalidDataException">A size below 16, no multiple of 16, or beyond the end; or too many of
    /// them.</exception>
    public static List<NiftiExtension> Read(VolumeStream stream, NiftiHeader header, long end, string file)
    {
        var extensions = new List<NiftiExtension>();
        if (end - stream.Position < 4)
            return extensions;
        var flag = stream.Read(4);
        if (flag.Length < 4 || flag[0] == 0)
            return extensions;
        while (end - stream.Position >= 8)
        {
            var start = stream.Read(8);
            if (start.Length == 0)
                break;
            var size = start.Length < 8 ? 0 : Int32(start, header);
            var code = start.Length < 8 ? 0 : Int32(start.AsSpan(4), header);
            if (extensions.Count == MostExtensions)
                throw HeaderCheck.Bad(
                    file,
                    "the number of extensions",
                    $"more than {MostExtensions}",
                    "fewer; write the file again without them"
                );
            if (size < 16 || size % 16 != 0 || size - 8 > end - stream.Position)
                throw HeaderCheck.Bad(
                    file,
                    $"esize of extension {extensions.Count + 1}",
                    $"{size}",
                    "a multiple of 16 that ends before the voxels"
                );
            var content = stream.Read(size - 8);
            if (content.Length < size - 8)
                throw new InvalidDataException(
                    $"{file}: extension {extensions.Count + 1} is cut: {content.Length + 8} of {size} bytes"
                );
            extensions.Add(new NiftiExtension(code, content));
        }

        return extensions;
    }

    private static int Int32(ReadOnlySpan<byte> bytes, NiftiHeader header) =>
        header.BigEndian ? BinaryPrimitives.ReadInt32BigEndian(bytes) : BinaryPrimitives.ReadInt32LittleEndian(bytes);
}
