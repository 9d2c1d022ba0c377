using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Imaging.Formats;

/// <summary>
/// One slice from a PNG file (ISO/IEC 15948), its samples as stored: grey values of up to 16 bits, indices of a palette, or
/// colours that are all grey. No value is stretched, so that labels stay labels.
/// </summary>
/// <param name="Width">Pixels of a row.</param>
/// <param name="Height">Rows, top first.</param>
/// <param name="Bits">Of a sample: 1, 2, 4, 8 or 16.</param>
/// <param name="Samples">Row by row.</param>
internal sealed record PngSlice(int Width, int Height, int Bits, ushort[] Samples)
{
    private const long MostBytes = 256 << 20;
    private const int LongestSide = 1 << 15;

    /// <summary>Bytes that a byte of deflate can at most become.</summary>
    private const long LargestExpansion = 1032;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];

    /// <exception cref="InvalidDataException">No PNG file, a damaged one, or one in colours.</exception>
    public static PngSlice Read(string path)
    {
        var bytes = InputFile.ReadAll(path, MostBytes);
        if (!bytes.AsSpan().StartsWith(Signature))
            throw new InvalidDataException($"'{path}': is no PNG file");
        byte[]? header = null;
        using var packed = new MemoryStream();
        for (var at = Signature.Length; at < bytes.Length; )
        {
            var (type, data, next) = Chunk(path, bytes, at);
            if (header is null && type != "IHDR")
                throw Bad(path, "its first part is no header");
            if (type == "IHDR")
                header = data.Length == 13 && header is null ? data.ToArray() : throw Bad(path, "its header is damaged");
            if (type == "IDAT")
                packed.Write(data.Span);
            if (type == "IEND")
                break;
            at = next;
        }

        packed.Position = 0;
        return header is null ? throw Bad(path, "has no header") : Decode(path, header, packed);
    }

    private static (string Type, ReadOnlyMemory<byte> Data, int Next) Chunk(string path, byte[] bytes, int at)
    {
        if (bytes.Length - at < 12)
            throw Bad(path, $"is cut after {bytes.Length} bytes");
        var length = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at));
        if (length > bytes.Length - at - 12)
            throw Bad(path, $"is cut after {bytes.Length} bytes");
        var body = bytes.AsSpan(at + 4, 4 + (int)length);
        var check = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at + 8 + (int)length));
        if (Crc32.HashToUInt32(body) != check)
            throw Bad(path, $"is damaged at byte {at}");
        return (Encoding.Latin1.GetString(body[..4]), bytes.AsMemory(at + 8, (int)length), at + 12 + (int)length);
    }

    private static PngSlice Decode(string path, byte[] header, MemoryStream packed)
    {
        var (width, height) = (
            BinaryPrimitives.ReadUInt32BigEndian(header),
            BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4))
        );
        var (bits, kind) = (header[8], header[9]);
        var channels = kind switch
        {
            0 or 3 => 1,
            2 => 3,
            4 => 2,
            6 => 4,
            _ => throw Bad(path, $"has the colour type {kind}, which does not exist"),
        };
        if (bits is not (1 or 2 or 4 or 8 or 16) || (channels > 1 && bits < 8) || (kind == 3 && bits == 16))
            throw Bad(path, $"has {bits} bits per sample, which its colour type cannot have");
        if (header[10] != 0 || header[11] != 0)
            throw Bad(path, "is packed in a way that does not exist");
        if (header[12] != 0)
            throw Bad(path, "is interlaced; write it anew without that");
        if (width is 0 or > LongestSide || height is 0 or > LongestSide)
            throw Bad(path, $"is {width}x{height} pixels, expected 1 to {LongestSide} a side");
        var row = ((long)width * channels * bits + 7) / 8;
        if ((row + 1) * height > Math.Min(packed.Length * LargestExpansion, Array.MaxLength))
            throw Bad(path, $"has {packed.Length} bytes of pixels, too few for {width}x{height}");
        var rows = Unfilter(path, packed, (int)row, (int)height, Math.Max(1, channels * bits / 8));
        return new PngSlice((int)width, (int)height, bits, Grey(path, rows, (int)width, (int)height, bits, channels));
    }

    /// <summary>The rows without their filters (section 9 of the standard).</summary>
    private static byte[] Unfilter(string path, Stream packed, int row, int height, int step)
    {
        var rows = new byte[row * height];
        var line = new byte[row + 1];
        using var stream = new ZLibStream(packed, CompressionMode.Decompress);
        for (var y = 0; y < height; y++)
        {
            if (ReadLine(path, stream, line) < line.Length)
                throw Bad(path, $"ends in row {y} of {height}");
            var current = rows.AsSpan(y * row, row);
            var above = y == 0 ? default : rows.AsSpan((y - 1) * row, row);
            for (var x = 0; x < row; x++)
            {
                int left = x < step ? 0 : current[x - step],
                    up = y == 0 ? 0 : above[x],
                    corner = x < step || y == 0 ? 0 : above[x - step];
                current[x] = (byte)(
                    line[x + 1]
                    + line[0] switch
                    {
                        0 => 0,
                        1 => left,
                        2 => up,
                        3 => (left + up) / 2,
                        4 => Paeth(left, up, corner),
                        _ => throw Bad(path, $"has the filter {line[0]} in row {y}, which does not exist"),
                    }
                );
            }
        }

        return rows;
    }

    private static int ReadLine(string path, Stream stream, byte[] line)
    {
        try
        {
            return stream.ReadAtLeast(line, line.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"'{path}': its pixels are damaged ({OneLine.Of(error.Message)})", error);
        }
    }

    private static int Paeth(int left, int up, int corner)
    {
        var estimate = left + up - corner;
        var (toLeft, toUp, toCorner) = (Math.Abs(estimate - left), Math.Abs(estimate - up), Math.Abs(estimate - corner));
        return toLeft <= toUp && toLeft <= toCorner ? left
            : toUp <= toCorner ? up
            : corner;
    }

    private static ushort[] Grey(string path, byte[] rows, int width, int height, int bits, int channels)
    {
        var samples = new ushort[width * height];
        var row = rows.Length / height;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var sample = Sample(x * channels, y);
                if (channels > 2 && (Sample((x * channels) + 1, y) != sample || Sample((x * channels) + 2, y) != sample))
                    throw Bad(path, $"has colours, such as in row {y}, column {x}; expected grey values or a palette");
                samples[(y * width) + x] = sample;
            }
        }

        return samples;

        ushort Sample(int x, int y) =>
            bits switch
            {
                16 => BinaryPrimitives.ReadUInt16BigEndian(rows.AsSpan((y * row) + (2 * x))),
                8 => rows[(y * row) + x],
                _ => (ushort)((rows[(y * row) + (x * bits / 8)] >> (8 - bits - (x * bits % 8))) & ((1 << bits) - 1)),
            };
    }

    private static InvalidDataException Bad(string path, string what) => new($"'{path}': {what}");
}
