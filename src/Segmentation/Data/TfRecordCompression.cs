namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Compressed TFRecord files. They are refused, since training draws records at random places of a file.</summary>
internal static class TfRecordCompression
{
    private const string Zlib = "zlib";

    private static readonly Dictionary<string, string> ByEnding = new(StringComparer.OrdinalIgnoreCase)
    {
        [".gz"] = "gzip",
        [".gzip"] = "gzip",
        [".zlib"] = Zlib,
        [".zz"] = Zlib,
        [".z"] = "compress",
        [".bz2"] = "bzip2",
        [".xz"] = "xz",
        [".zst"] = "zstd",
        [".zip"] = "zip",
    };

    private static readonly (byte[] Magic, string Name)[] Magics =
    [
        ([0x1f, 0x8b], "gzip"),
        ("BZh"u8.ToArray(), "bzip2"),
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a], "xz"),
        ([0x28, 0xb5, 0x2f, 0xfd], "zstd"),
        ("PK\x03\x04"u8.ToArray(), "zip"),
    ];

    /// <summary>The compression that a file's ending stands for; null for none.</summary>
    public static string? OfName(string path) => ByEnding.GetValueOrDefault(Path.GetExtension(path));

    /// <summary>The compression that a file's first bytes stand for; null for none.</summary>
    public static string? OfContents(ReadOnlySpan<byte> start)
    {
        foreach ((byte[] magic, string name) in Magics)
        {
            if (start.StartsWith(magic))
                return name;
        }

        // RFC 1950: deflate with a window of 32 KiB, and a multiple of 31.
        return start is [0x78, var flags, ..] && ((0x78 << 8) | flags) % 31 == 0 ? Zlib : null;
    }

    /// <summary>What to do about a compressed file.</summary>
    public static InvalidDataException Refusal(string path, string compression) =>
        new(
            $"'{path}': is compressed ({compression}), but records are drawn at random places of a file: unpack "
                + $"it{(compression == "gzip" ? " (gunzip)" : "")}, or write it without compression_type"
        );
}
