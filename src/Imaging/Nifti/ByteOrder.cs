using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>Turns big-endian numbers into little-endian ones and back, in place.</summary>
internal static class ByteOrder
{
    public static void Swap(Span<byte> bytes, int componentBytes)
    {
        switch (componentBytes)
        {
            case 2:
                var shorts = MemoryMarshal.Cast<byte, short>(bytes);
                BinaryPrimitives.ReverseEndianness(shorts, shorts);
                break;
            case 4:
                var ints = MemoryMarshal.Cast<byte, int>(bytes);
                BinaryPrimitives.ReverseEndianness(ints, ints);
                break;
            case 8:
                var longs = MemoryMarshal.Cast<byte, long>(bytes);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
        }
    }
}
