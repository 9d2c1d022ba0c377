using System.Buffers.Binary;

namespace UnpairedSegEngine.Backends.Cuda.Compilation;

/// <summary>What we read of a cubin, which is a 64-bit little-endian ELF file.</summary>
internal static class KernelImageFile
{
    private const int HeaderBytes = 64;
    private const int ProgramOffsetAt = 32, ProgramBytesAt = 54, ProgramCountAt = 56, SectionOffsetAt = 40, SectionBytesAt = 58, SectionCountAt = 60;

    /// <summary>Whether the file is an ELF image with its section and program tables, which lie at its end.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> image)
    {
        if (image.Length < HeaderBytes || !image[..4].SequenceEqual("\u007fELF"u8))
            return false;
        return Holds(image, SectionOffsetAt, SectionBytesAt, SectionCountAt) && Holds(image, ProgramOffsetAt, ProgramBytesAt, ProgramCountAt);
    }

    private static bool Holds(ReadOnlySpan<byte> image, int offsetAt, int entryBytesAt, int countAt)
    {
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(image[offsetAt..]);
        long bytes = (long)BinaryPrimitives.ReadUInt16LittleEndian(image[entryBytesAt..]) * BinaryPrimitives.ReadUInt16LittleEndian(image[countAt..]);
        return offset <= (ulong)image.Length && (long)offset + bytes <= image.Length;
    }
}
