using System.Globalization;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Formats;

/// <summary>Where the voxels of a NRRD or MetaImage file lie, and how.</summary>
/// <param name="HeaderFile">For messages.</param>
/// <param name="File">The file that holds them.</param>
/// <param name="Type">Of a voxel.</param>
/// <param name="Count">How many there must be.</param>
internal sealed record VoxelData(string HeaderFile, string File, NiftiDataType Type, long Count)
{
    /// <summary>Where they begin in the file, before what is decompressed; -1 where they are the file's last bytes.</summary>
    public long Start { get; init; }

    /// <summary>Bytes that are passed over behind <see cref="Start"/>, after decompression.</summary>
    public long Skip { get; init; }

    /// <summary>Whether they are compressed, by gzip or zlib.</summary>
    public bool IsCompressed { get; init; }

    /// <summary>Whether the first byte of a number is its highest.</summary>
    public bool IsBigEndian { get; init; }

    /// <summary>Whether they are numbers in words.</summary>
    public bool IsText { get; init; }

    private long Bytes => Count * Type.VoxelBytes();

    /// <summary>All voxels, little-endian. Memory grows with what the file really holds.</summary>
    /// <exception cref="InvalidDataException">The file holds fewer, is damaged, or has a number that its type cannot
    /// hold.</exception>
    public byte[] Read()
    {
        if (!System.IO.File.Exists(File))
            throw new InvalidDataException($"{HeaderFile}: its voxels should be in '{File}', which is missing");
        return IsText ? ReadText() : ReadBinary();
    }

    private byte[] ReadBinary()
    {
        var start = Start >= 0 ? Start : new FileInfo(File).Length - Bytes;
        if (start < 0)
            throw Cut($"{new FileInfo(File).Length}");
        using var stream = new VolumeStream(File, start, IsCompressed);
        if (!stream.SkipTo(Skip))
            throw Cut($"{Math.Max(0, stream.Position - Skip)}");
        var possible = stream.MostBytesLeft;
        if (possible < Bytes)
            throw Cut(IsCompressed ? $"at most {possible}" : $"{Math.Max(0, possible)}");
        var voxels = stream.Read(Bytes);
        if (voxels.Length < Bytes)
            throw Cut($"{voxels.Length}");
        stream.VerifyEnd();
        if (IsBigEndian)
            ByteOrder.Swap(voxels, Type.ComponentBytes());
        return voxels;
    }

    private byte[] ReadText()
    {
        using var stream = new VolumeStream(File, Start, IsCompressed);
        // A number takes a digit and a blank.
        if (!IsCompressed && stream.MostBytesLeft < (2 * Count) - 1)
            throw new InvalidDataException($"{File}: {stream.MostBytesLeft} bytes of text cannot hold {Count} numbers");
        var text = System.Text.Encoding.Latin1.GetString(stream.Read(Math.Min(stream.MostBytesLeft, Array.MaxLength / 2)));
        var numbers = text.AsSpan();
        var voxels = new byte[Bytes];
        var at = 0L;
        foreach (var range in numbers.SplitAny([' ', '\t', '\r', '\n', ',']))
        {
            var word = numbers[range];
            if (word.IsEmpty)
                continue;
            if (at == Count)
                throw new InvalidDataException($"{File}: holds more than {Count} numbers");
            Put(voxels, at++, word);
        }

        return at == Count ? voxels : throw new InvalidDataException($"{File}: holds {at} numbers, expected {Count}");
    }

    private void Put(byte[] voxels, long at, ReadOnlySpan<char> word)
    {
        var target = voxels.AsSpan((int)(at * Type.VoxelBytes()), Type.VoxelBytes());
        var isGood = Type switch
        {
            NiftiDataType.UInt8 => Put<byte>(target, word),
            NiftiDataType.Int8 => Put<sbyte>(target, word),
            NiftiDataType.Int16 => Put<short>(target, word),
            NiftiDataType.UInt16 => Put<ushort>(target, word),
            NiftiDataType.Int32 => Put<int>(target, word),
            NiftiDataType.UInt32 => Put<uint>(target, word),
            NiftiDataType.Int64 => Put<long>(target, word),
            NiftiDataType.UInt64 => Put<ulong>(target, word),
            NiftiDataType.Float32 => Put<float>(target, word),
            NiftiDataType.Float64 => Put<double>(target, word),
            _ => throw new InvalidOperationException($"no text of {Type}"),
        };
        if (!isGood)
            throw HeaderText.Bad(File, $"voxel {at}", word.ToString(), $"a number of type {Type.Name()}");
    }

    private static bool Put<T>(Span<byte> target, ReadOnlySpan<char> word)
        where T : unmanaged, ISpanParsable<T>
    {
        var isGood = T.TryParse(word, CultureInfo.InvariantCulture, out T value);
        MemoryMarshal.Write(target, value);
        return isGood;
    }

    private InvalidDataException Cut(string found) =>
        new($"{File}: the voxel data are cut: {found} bytes, expected {Bytes} for {Count} voxels of {Type.Name()}");
}
