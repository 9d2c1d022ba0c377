using System.IO.Compression;

namespace UnpairedSegEngine.Imaging;

/// <summary>
/// The (decompressed) bytes of a volume's file, read forward. Memory grows with the bytes that really arrive, never with what a
/// header promises, and no more than the wanted bytes are ever held.
/// </summary>
internal sealed class VolumeStream : IDisposable
{
    private const int FirstChunk = 1 << 20;
    private const long TrailingLimit = 64L << 20;

    /// <summary>Bytes that a byte of deflate can at most become: 258 for every two bits (zlib's technical notes).</summary>
    private const long LargestExpansion = 1032;

    private readonly string file;
    private readonly Stream stream;
    private readonly long storedBytes;
    private readonly byte[] skipped = new byte[1 << 16];

    /// <summary>From the beginning; gzip where the file begins so, whatever its name.</summary>
    public VolumeStream(string file)
        : this(file, 0, null) { }

    /// <param name="file">The file.</param>
    /// <param name="start">First of its bytes that counts.</param>
    /// <param name="isCompressed">Whether gzip or zlib begins there; null where the first bytes decide between gzip and
    /// none.</param>
    public VolumeStream(string file, long start, bool? isCompressed)
    {
        this.file = file;
        var raw = File.OpenRead(file);
        if (!raw.CanSeek)
        {
            raw.Dispose();
            throw new InvalidDataException($"{file}: is no regular file");
        }

        storedBytes = Math.Max(0, raw.Length - start);
        raw.Position = Math.Min(start, raw.Length);
        Span<byte> magic = stackalloc byte[2];
        var isGzip = raw.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
        IsCompressed = isCompressed ?? isGzip;
        raw.Position = Math.Min(start, raw.Length);
        stream =
            !IsCompressed ? new BufferedStream(raw)
            : isGzip ? new GZipStream(raw, CompressionMode.Decompress)
            : new ZLibStream(raw, CompressionMode.Decompress);
    }

    /// <summary>Whether the bytes are decompressed.</summary>
    public bool IsCompressed { get; }

    /// <summary>Bytes read so far.</summary>
    public long Position { get; private set; }

    /// <summary>How many more bytes there can be: exact for a plain file, what the size of a compressed one allows.</summary>
    public long MostBytesLeft => (IsCompressed ? storedBytes * LargestExpansion : storedBytes) - Position;

    /// <summary>Up to <paramref name="count"/> bytes; fewer at the end of the file.</summary>
    public byte[] Read(long count)
    {
        var buffer = new byte[Math.Min(count, IsCompressed ? FirstChunk : Math.Max(0, MostBytesLeft))];
        var filled = 0;
        while (true)
        {
            var got = ReadSome(buffer.AsSpan(filled));
            filled += got;
            if (filled == count)
                return buffer;
            if (got == 0)
                return buffer[..filled];
            if (filled == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(count, Math.Max(FirstChunk, 2L * filled)));
        }
    }

    /// <summary>Moves on to <paramref name="position"/>; false when the file ends before it.</summary>
    public bool SkipTo(long position)
    {
        while (Position < position)
        {
            if (ReadSome(skipped.AsSpan(0, (int)Math.Min(skipped.Length, position - Position))) == 0)
                return false;
        }

        return true;
    }

    /// <summary>
    /// Reads a compressed stream to its end, so that its checksum is compared. Trailing bytes are accepted up to a limit.
    /// </summary>
    /// <exception cref="InvalidDataException">Corrupt or cut, or far longer than its header says.</exception>
    public void VerifyEnd()
    {
        if (IsCompressed && SkipTo(Position + TrailingLimit))
            throw new InvalidDataException(
                $"{file}: the compressed stream goes on for more than {TrailingLimit >> 20} MiB after the voxels that its "
                    + "header declares"
            );
    }

    public void Dispose() => stream.Dispose();

    private int ReadSome(Span<byte> target)
    {
        try
        {
            var got = stream.Read(target);
            Position += got;
            return got;
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException(
                $"{file}: the compressed data are damaged or cut after {Position} bytes ({error.Message}); copy the file again",
                error
            );
        }
    }
}
