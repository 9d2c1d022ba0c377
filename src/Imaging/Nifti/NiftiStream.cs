using System.IO.Compression;

namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>
/// The (decompressed) bytes of a NIfTI file, read forward. Memory grows with the bytes that really arrive, never with what a
/// header promises, and no more than the wanted bytes are ever held: a gzip bomb costs nothing.
/// </summary>
internal sealed class NiftiStream : IDisposable
{
    private const int FirstChunk = 1 << 20;
    private const long TrailingLimit = 64L << 20;

    private readonly string file;
    private readonly Stream stream;
    private readonly bool gzipped;
    private readonly byte[] skipped = new byte[1 << 16];

    public NiftiStream(string file)
    {
        this.file = file;
        var raw = File.OpenRead(file);
        Span<byte> magic = stackalloc byte[2];
        gzipped = raw.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
        raw.Position = 0;
        stream = gzipped ? new GZipStream(raw, CompressionMode.Decompress) : new BufferedStream(raw);
    }

    /// <summary>Bytes read so far.</summary>
    public long Position { get; private set; }

    /// <summary>Up to <paramref name="count"/> bytes; fewer at the end of the file.</summary>
    public byte[] Read(long count)
    {
        var buffer = new byte[Math.Min(count, FirstChunk)];
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
                Array.Resize(ref buffer, (int)Math.Min(count, 2L * filled));
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
    /// Reads a gzip stream to its end, so that its checksum is compared. Trailing bytes are accepted up to a limit.
    /// </summary>
    /// <exception cref="InvalidDataException">Corrupt or cut, or far longer than its header says.</exception>
    public void VerifyEnd()
    {
        if (gzipped && SkipTo(Position + TrailingLimit))
            throw new InvalidDataException(
                $"{file}: the gzip stream goes on for more than {TrailingLimit >> 20} MiB after the voxels that its header declares");
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
                $"{file}: the gzip data are damaged or cut after {Position} bytes ({error.Message}); copy the file again", error);
        }
    }
}
