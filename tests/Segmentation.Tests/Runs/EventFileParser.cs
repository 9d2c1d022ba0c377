using System.Text;

namespace UnpairedSegEngine.Segmentation.Tests.Runs;

/// <summary>
/// Reads TensorBoard event files by the written format alone: bitwise CRC-32C and a minimal protobuf reader, sharing no code with
/// the writer.
/// </summary>
internal static class EventFileParser
{
    public sealed record ParsedEvent(
        double WallTime,
        long Step,
        string? FileVersion,
        IReadOnlyList<(string Tag, float Value)> Values
    );

    public static List<ParsedEvent> Parse(byte[] file)
    {
        var events = new List<ParsedEvent>();
        for (int offset = 0; offset < file.Length; )
        {
            int length = (int)BitConverter.ToUInt64(file, offset);
            Assert.That(
                BitConverter.ToUInt32(file, offset + 8),
                Is.EqualTo(MaskedCrc(file.AsSpan(offset, 8))),
                "checksum of the length"
            );
            ReadOnlySpan<byte> payload = file.AsSpan(offset + 12, length);
            Assert.That(
                BitConverter.ToUInt32(file, offset + 12 + length),
                Is.EqualTo(MaskedCrc(payload)),
                "checksum of the payload"
            );
            events.Add(ParseEvent(payload));
            offset += length + 16;
        }

        return events;
    }

    private static ParsedEvent ParseEvent(ReadOnlySpan<byte> bytes)
    {
        (double time, long step, string? version) = (0, 0, null);
        var values = new List<(string, float)>();
        while (!bytes.IsEmpty)
        {
            switch (ReadVarint(ref bytes))
            {
                case (1 << 3) | 1:
                    time = BitConverter.ToDouble(Take(ref bytes, 8));
                    break;
                case (2 << 3) | 0:
                    step = (long)ReadVarint(ref bytes);
                    break;
                case (3 << 3) | 2:
                    version = Encoding.UTF8.GetString(Take(ref bytes, (int)ReadVarint(ref bytes)));
                    break;
                case (5 << 3) | 2:
                    ParseSummary(Take(ref bytes, (int)ReadVarint(ref bytes)), values);
                    break;
                case var tag:
                    Assert.Fail($"unexpected field {tag >> 3}");
                    break;
            }
        }

        return new ParsedEvent(time, step, version, values);
    }

    private static void ParseSummary(ReadOnlySpan<byte> bytes, List<(string, float)> values)
    {
        while (!bytes.IsEmpty)
        {
            Assert.That(ReadVarint(ref bytes), Is.EqualTo((1 << 3) | 2));
            ReadOnlySpan<byte> value = Take(ref bytes, (int)ReadVarint(ref bytes));
            Assert.That(ReadVarint(ref value), Is.EqualTo((1 << 3) | 2));
            string tag = Encoding.UTF8.GetString(Take(ref value, (int)ReadVarint(ref value)));
            Assert.That(ReadVarint(ref value), Is.EqualTo((2 << 3) | 5));
            values.Add((tag, BitConverter.ToSingle(Take(ref value, 4))));
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        ReadOnlySpan<byte> taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }

    private static ulong ReadVarint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = Take(ref bytes, 1)[0];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
    }

    private static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~0u;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0x82f63b78u & (0 - (crc & 1)));
        }

        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
    }
}
