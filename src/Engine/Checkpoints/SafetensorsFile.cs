using System.Buffers.Binary;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Checkpoints;

/// <summary>
/// Safetensors files: uint64 length of the header, the header's JSON, the arrays end to end, all little-endian.
/// Every field is checked against the file's length before anything is allocated for it.
/// </summary>
public static class SafetensorsFile
{
    /// <summary>Longest header that the reference implementation reads.</summary>
    public const long LongestHeader = 100_000_000;

    private const int Alignment = 8;

    /// <summary>Writes or replaces a file in one step.</summary>
    public static void Write(
        string path,
        IReadOnlyList<NamedArray> arrays,
        IReadOnlyDictionary<string, string>? metadata = null
    ) => AtomicFile.Write(path, stream => Write(stream, arrays, metadata));

    /// <summary>Writes to a stream.</summary>
    /// <exception cref="ArgumentException">Two arrays have one name, or bytes and shape of an array differ.</exception>
    public static void Write(
        Stream stream,
        IReadOnlyList<NamedArray> arrays,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        var names = new HashSet<string>();
        var entries = new List<SafetensorsEntry>(arrays.Count);
        long position = 0;
        foreach (NamedArray array in arrays)
        {
            if (!names.Add(array.Name))
                throw new ArgumentException($"two arrays are named '{array.Name}'");
            if (array.Shape.Count * array.DType.Size() != array.Bytes.Length)
                throw new ArgumentException(
                    $"array '{array.Name}' of shape {array.Shape} and type {array.DType} has {array.Bytes.Length} bytes"
                );
            entries.Add(new SafetensorsEntry(array.Name, array.DType, array.Shape, position, position + array.Bytes.Length));
            position += array.Bytes.Length;
        }

        byte[] json = new SafetensorsHeader(entries, metadata ?? new Dictionary<string, string>()).ToJson();
        // Spaces after the JSON align the data, so that readers can map the file into memory.
        byte[] header = new byte[(json.Length + Alignment - 1) / Alignment * Alignment];
        header.AsSpan().Fill((byte)' ');
        json.CopyTo(header, 0);
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (NamedArray array in arrays)
            stream.Write(array.Bytes.Span);
    }

    /// <summary>Reads header and arrays.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or no safetensors file; the message names file and
    /// field.</exception>
    public static SafetensorsContents Read(string path)
    {
        using FileStream file = InputFile.OpenRead(path);
        SafetensorsHeader header = ReadHeader(file, path);
        var arrays = new List<NamedArray>(header.Entries.Count);
        foreach (SafetensorsEntry entry in header.Entries)
        {
            byte[] bytes = new byte[entry.End - entry.Begin];
            file.ReadExactly(bytes);
            arrays.Add(new NamedArray(entry.Name, entry.DType, entry.Shape, bytes));
        }

        return new SafetensorsContents(arrays, header.Metadata);
    }

    /// <summary>Reads the header only, and checks it against the file's length.</summary>
    /// <exception cref="InvalidDataException">As in <see cref="Read"/>.</exception>
    public static SafetensorsHeader ReadHeader(string path)
    {
        using FileStream file = InputFile.OpenRead(path);
        return ReadHeader(file, path);
    }

    private static SafetensorsHeader ReadHeader(FileStream file, string path)
    {
        Span<byte> lengthBytes = stackalloc byte[sizeof(ulong)];
        if (file.ReadAtLeast(lengthBytes, lengthBytes.Length, throwOnEndOfStream: false) < lengthBytes.Length)
            throw new InvalidDataException(
                $"'{path}': has {file.Length} bytes, a safetensors file begins with 8 bytes of header length"
            );
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (length > LongestHeader)
            throw new InvalidDataException(
                $"'{path}': announces a header of {length} bytes, at most {LongestHeader} are allowed; is this a "
                    + "safetensors file?"
            );
        long data = sizeof(ulong) + (long)length;
        if (data > file.Length)
            throw new InvalidDataException(
                $"'{path}': truncated: the header needs {data} bytes, the file has {file.Length}; copy it again"
            );

        byte[] text = new byte[length];
        file.ReadExactly(text);
        SafetensorsHeader header;
        try
        {
            header = SafetensorsHeader.Parse(text);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{path}': {e.Message}", e);
        }

        if (data + header.DataLength != file.Length)
        {
            string problem = data + header.DataLength > file.Length ? "truncated" : "has bytes behind the last array";
            throw new InvalidDataException(
                $"'{path}': {problem}: its header describes {data + header.DataLength} bytes, the file has {file.Length}; "
                    + "copy it again"
            );
        }

        return header;
    }
}
