using System.Buffers.Binary;
using System.Text;

namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>
/// One description of both header layouts for reading and writing: each call names the field's place in NIfTI-1 and in NIfTI-2,
/// takes the value to write and returns the value the bytes hold.
/// </summary>
internal sealed class HeaderCodec
{
    public const int Nifti1Bytes = 348;
    public const int Nifti2Bytes = 540;

    private readonly byte[] bytes;
    private readonly bool writing;
    private readonly bool first;
    private readonly bool bigEndian;

    private HeaderCodec(byte[] bytes, bool writing, NiftiHeader header)
    {
        (this.bytes, this.writing) = (bytes, writing);
        (first, bigEndian) = (header.Version == 1, header.BigEndian);
    }

    /// <summary>
    /// Header fields as they stand, unchecked; null when the first four bytes are neither 348 nor 540 in either byte order.
    /// </summary>
    public static NiftiHeader? Decode(byte[] bytes)
    {
        if (bytes.Length < Nifti1Bytes)
            return null;
        var little = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        var size = little is Nifti1Bytes or Nifti2Bytes ? little : BinaryPrimitives.ReverseEndianness(little);
        if (size is not (Nifti1Bytes or Nifti2Bytes) || bytes.Length < size)
            return null;
        var header = new NiftiHeader { Version = size == Nifti1Bytes ? 1 : 2, BigEndian = size != little };
        new HeaderCodec(bytes, writing: false, header).Transfer(header);
        return header;
    }

    /// <summary>348 or 540 bytes.</summary>
    public static byte[] Encode(NiftiHeader header)
    {
        var bytes = new byte[header.SizeOfHdr];
        var codec = new HeaderCodec(bytes, writing: true, header);
        codec.Integer(0, 4, 0, 4, header.SizeOfHdr);
        codec.Transfer(header);
        return bytes;
    }

    private void Transfer(NiftiHeader h)
    {
        h.Magic = Text(344, 4, 4, 8, h.Version == 2 && writing ? h.Magic + "\0\r\n\x1a\n" : h.Magic);
        h.DimInfo = (byte)Integer(39, 1, 524, 1, h.DimInfo);
        h.Dim = Integers(40, 2, 16, 8, h.Dim);
        h.IntentP = Reals(56, 80, h.IntentP);
        h.IntentCode = (int)Integer(68, 2, 504, 4, h.IntentCode);
        h.DataType = (NiftiDataType)Integer(70, 2, 12, 2, (long)h.DataType);
        h.BitPix = (int)Integer(72, 2, 14, 2, h.BitPix);
        h.SliceStart = Integer(74, 2, 224, 8, h.SliceStart);
        h.PixDim = Reals(76, 104, h.PixDim);
        h.VoxOffset = first ? Real(108, 0, h.VoxOffset) : Integer(0, 0, 168, 8, (long)h.VoxOffset);
        h.SclSlope = Real(112, 176, h.SclSlope);
        h.SclInter = Real(116, 184, h.SclInter);
        h.SliceEnd = Integer(120, 2, 232, 8, h.SliceEnd);
        h.SliceCode = (int)Integer(122, 1, 496, 4, h.SliceCode);
        h.XyztUnits = (int)Integer(123, 1, 500, 4, h.XyztUnits);
        h.CalMax = Real(124, 192, h.CalMax);
        h.CalMin = Real(128, 200, h.CalMin);
        h.SliceDuration = Real(132, 208, h.SliceDuration);
        h.TOffset = Real(136, 216, h.TOffset);
        h.Descrip = Text(148, 80, 240, 80, h.Descrip);
        h.AuxFile = Text(228, 24, 320, 24, h.AuxFile);
        h.QformCode = (int)Integer(252, 2, 344, 4, h.QformCode);
        h.SformCode = (int)Integer(254, 2, 348, 4, h.SformCode);
        h.Quatern = Reals(256, 352, h.Quatern);
        h.QOffset = Reals(268, 376, h.QOffset);
        h.SrowX = Reals(280, 400, h.SrowX);
        h.SrowY = Reals(296, 432, h.SrowY);
        h.SrowZ = Reals(312, 464, h.SrowZ);
        h.IntentName = Text(328, 16, 508, 16, h.IntentName);
    }

    private long[] Integers(int at1, int size1, int at2, int size2, long[] values) =>
        [.. values.Select((value, i) => Integer(at1 + (i * size1), size1, at2 + (i * size2), size2, value))];

    private double[] Reals(int at1, int at2, double[] values) =>
        [.. values.Select((value, i) => Real(at1 + (i * sizeof(float)), at2 + (i * sizeof(double)), value))];

    private long Integer(int at1, int size1, int at2, int size2, long value)
    {
        var field = first ? bytes.AsSpan(at1, size1) : bytes.AsSpan(at2, size2);
        if (writing)
        {
            for (var i = 0; i < field.Length; i++)
                field[bigEndian ? field.Length - 1 - i : i] = (byte)(value >> (8 * i));
            return value;
        }

        return (field.Length, bigEndian) switch
        {
            (1, _) => field[0],
            (2, false) => BinaryPrimitives.ReadInt16LittleEndian(field),
            (2, true) => BinaryPrimitives.ReadInt16BigEndian(field),
            (4, false) => BinaryPrimitives.ReadInt32LittleEndian(field),
            (4, true) => BinaryPrimitives.ReadInt32BigEndian(field),
            (_, false) => BinaryPrimitives.ReadInt64LittleEndian(field),
            (_, true) => BinaryPrimitives.ReadInt64BigEndian(field),
        };
    }

    private double Real(int at1, int at2, double value)
    {
        if (first)
            return BitConverter.Int32BitsToSingle((int)Integer(at1, 4, 0, 0, BitConverter.SingleToInt32Bits((float)value)));
        return BitConverter.Int64BitsToDouble(Integer(0, 0, at2, 8, BitConverter.DoubleToInt64Bits(value)));
    }

    private string Text(int at1, int size1, int at2, int size2, string text)
    {
        var field = first ? bytes.AsSpan(at1, size1) : bytes.AsSpan(at2, size2);
        if (writing)
        {
            var encoded = Encoding.Latin1.GetBytes(text);
            encoded.AsSpan(0, Math.Min(encoded.Length, field.Length)).CopyTo(field);
            return text;
        }

        var end = field.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? field : field[..end]);
    }
}
