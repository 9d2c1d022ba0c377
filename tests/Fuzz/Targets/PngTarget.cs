using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Formats;

namespace UnpairedSegEngine.Fuzz.Targets;

/// <summary>PNG slices. Most mutations change the header or the pixels and mend the checksums, so that they are read.</summary>
internal sealed class PngTarget() : FuzzTarget("png")
{
    private const int HeaderStart = 16;
    private const int HeaderBytes = 13;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        Written([0, 0, 0, 4, 0, 0, 0, 3, 8, 0, 0, 0, 0], Rows(3, 4, 0)),
        Written([0, 0, 0, 4, 0, 0, 0, 3, 16, 0, 0, 0, 0], Rows(3, 8, 1)),
        Written([0, 0, 0, 9, 0, 0, 0, 3, 1, 3, 0, 0, 0], Rows(3, 2, 2)),
        Written([0, 0, 0, 3, 0, 0, 0, 3, 8, 4, 0, 0, 0], Rows(3, 6, 4)),
    ];

    /// <summary>A refusal may be of the folder that the slice is in.</summary>
    public override string FileName => "stack";

    public override long Run(byte[] input, string folder)
    {
        string stack = Path.Combine(folder, "stack");
        Directory.CreateDirectory(stack);
        File.WriteAllBytes(Path.Combine(stack, "1.png"), input);
        return 8 * PngStack.Open(stack, new Vector3d(1, 1, 1)).StoredVoxels.LongLength;
    }

    public override byte[] Mutate(byte[] input, Mutator mutator)
    {
        if (input.Length < HeaderStart + HeaderBytes || mutator.Happens(0.2))
            return mutator.Bytes(input);
        byte[] header = input[HeaderStart..(HeaderStart + HeaderBytes)];
        if (mutator.Happens(0.6))
        {
            if (mutator.Happens(0.5))
                mutator.Integer(header.AsSpan(4 * mutator.Below(2), 4));
            else
                header[8 + mutator.Below(5)] = (byte)mutator.Below(20);
        }

        byte[] pixels = Rows(mutator.Below(6), 1 + mutator.Below(20), mutator.Below(6));
        return Written(header, mutator.Happens(0.3) ? mutator.Bytes(pixels) : pixels);
    }

    /// <summary>Rows of pixels, each behind the number of its filter.</summary>
    private static byte[] Rows(int count, int bytes, int filter) =>
        [
            .. Enumerable
                .Range(0, count)
                .SelectMany(y => Enumerable.Range(0, bytes + 1).Select(x => (byte)(x == 0 ? filter : (13 * x) + y))),
        ];

    private static byte[] Written(byte[] header, byte[] rows)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            zlib.Write(rows);
        return [.. Signature, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, packed.ToArray()), .. Chunk("IEND"u8, [])];
    }

    private static byte[] Chunk(ReadOnlySpan<byte> type, byte[] data)
    {
        byte[] chunk = [0, 0, 0, 0, .. type, .. data, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(
            chunk.AsSpan(chunk.Length - 4),
            Crc32.HashToUInt32(chunk.AsSpan(4, 4 + data.Length))
        );
        return chunk;
    }
}
