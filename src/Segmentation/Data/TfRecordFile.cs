using System.Buffers.Binary;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// A TFRecord file: records of uint64 length, uint32 masked CRC-32C of those eight bytes, payload, uint32 masked
/// CRC-32C of the payload, all little-endian.
/// </summary>
public static class TfRecordFile
{
    private const int HeaderBytes = 12;
    private const int FooterBytes = 4;

    /// <summary>The offset of every record, checking lengths and the checksums over them but reading no payload.</summary>
    /// <exception cref="InvalidDataException">The file is compressed, a header is damaged or the file ends inside a
    /// record.</exception>
    public static IReadOnlyList<long> IndexRecords(string path)
    {
        // Pipes and devices have no length; one that is opened may wait, or deliver bytes, for ever.
        if (new FileInfo(RealPath.OrCircle(path)) is { Exists: true, Length: 0 })
            return [];
        using FileStream file = File.OpenRead(path);
        RefuseCompressed(file, path);
        var offsets = new List<long>();
        for (long offset = 0; offset < file.Length; )
        {
            offsets.Add(offset);
            offset += HeaderBytes + ReadLength(file, path, offset) + FooterBytes;
        }
        return offsets;
    }

    /// <summary>The payload of the record at an offset, both checksums checked.</summary>
    /// <exception cref="InvalidDataException">The record is truncated or a checksum differs.</exception>
    public static byte[] ReadPayload(string path, long offset)
    {
        using FileStream file = File.OpenRead(path);
        var body = new byte[ReadLength(file, path, offset) + FooterBytes];
        file.ReadExactly(body);
        ReadOnlySpan<byte> payload = body.AsSpan(..^FooterBytes);
        Check(payload, body.AsSpan(^FooterBytes..), path, offset, "payload");
        return payload.ToArray();
    }

    private static void RefuseCompressed(FileStream file, string path)
    {
        Span<byte> start = stackalloc byte[HeaderBytes];
        start = start[..file.ReadAtLeast(start, HeaderBytes, throwOnEndOfStream: false)];
        bool isRecord =
            start.Length == HeaderBytes && MaskedCrc32C.Of(start[..8]) == BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        string? compression = TfRecordCompression.OfName(path) ?? (isRecord ? null : TfRecordCompression.OfContents(start));
        if (compression is not null)
            throw isRecord
                ? new InvalidDataException(
                    $"'{path}': is named as compressed ({compression}) but is not: leave out the ending {Path.GetExtension(path)}"
                )
                : TfRecordCompression.Refusal(path, compression);
    }

    private static int ReadLength(FileStream file, string path, long offset)
    {
        long available = file.Length - offset;
        if (available < HeaderBytes)
        {
            throw new InvalidDataException(
                $"'{path}': truncated at offset {offset}: a record's header takes {HeaderBytes} bytes, {available} are left"
            );
        }
        Span<byte> header = stackalloc byte[HeaderBytes];
        file.Position = offset;
        file.ReadExactly(header);
        Check(header[..8], header[8..], path, offset, "length");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(header);
        ulong room = (ulong)Math.Max(0, available - HeaderBytes - FooterBytes);
        if (length > room || length > int.MaxValue - FooterBytes)
        {
            throw new InvalidDataException(
                $"'{path}': the record at offset {offset} announces {length} bytes, the file has {room}: truncated, copy it again"
            );
        }
        return (int)length;
    }

    private static void Check(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> stored, string path, long offset, string what)
    {
        uint expected = BinaryPrimitives.ReadUInt32LittleEndian(stored),
            found = MaskedCrc32C.Of(bytes);
        if (expected != found)
        {
            throw new InvalidDataException(
                $"'{path}': the {what} of the record at offset {offset} has checksum {found:x8}, expected {expected:x8}: "
                    + "damaged, copy it again"
            );
        }
    }
}
