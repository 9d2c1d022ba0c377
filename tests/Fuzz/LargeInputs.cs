using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace UnpairedSegEngine.Fuzz;

/// <summary>
/// Inputs that are too large for the repository, or that code says better: each once took seconds, gigabytes, or both.
/// </summary>
internal static class LargeInputs
{
    public static IReadOnlyList<(string Target, string Name, Func<byte[]> Bytes)> All { get; } =
    [
        ("normalization", "blanks", () => Text("no" + new string(' ', 60_000) + "ne")),
        ("normalization", "numbers", () => Text($"window({string.Join(',', Enumerable.Repeat("1", 30_000))})")),
        ("config", "long-key", () => Text($"{new string('k', 900_000)}: 1\n")),
        ("config", "long-value", () => Text($"data:\n  normalization:\n    CT: no{new string(' ', 900_000)}ne\n")),
        (
            "config",
            "20000-normalizations",
            () =>
                Text("data:\n  normalization:\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"    M{i}: zscore\n")))
        ),
        ("config", "20000-unknown-keys", () => Text(string.Concat(Enumerable.Range(0, 20_000).Select(i => $"k{i}: 1\n")))),
        (
            "config",
            "aliases",
            () =>
                Text(
                    "a: &a [x,x]\n"
                        + string.Concat(Enumerable.Range(0, 30).Select(i => $"b{i}: &b{i} [*a,*a,*a,*a,*a,*a,*a,*a]\n"))
                )
        ),
        ("config", "deep-flow", () => Text("a: " + string.Concat(Enumerable.Repeat("{a: ", 100_000)))),
        ("config", "deep-brackets", () => Text("a: " + new string('[', 500_000))),
        ("config", "deep-blocks", () => Text(string.Concat(Enumerable.Range(0, 1_000).Select(i => $"{new string(' ', i)}a:\n")))),
        ("config", "questions", () => Text(string.Concat(Enumerable.Repeat("? ", 300_000)))),
        ("config", "quotes", () => Text("a: \"" + new string('x', 900_000))),
        ("config", "comments", () => Text(string.Concat(Enumerable.Repeat("# c\n", 200_000)))),
        ("config", "utf-16", () => [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("training:\n  steps: 5\n")]),
        ("set", "long-key", () => Text(new string('k', 100_000) + "=1")),
        ("dataset", "many-values", () => Text($"{{\"labels\":[{string.Join(',', Enumerable.Repeat("1", 4_000_000))}]}}")),
        ("dataset", "deep", () => Text(new string('[', 1_000_000))),
        (
            "dataset",
            "many-labels",
            () =>
                Text(
                    $"{{\"channel_names\":{{\"0\":\"x\"}},\"file_ending\":\".nii.gz\",\"labels\":{{{string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"c{i}\":{i}"))}}}}}"
                )
        ),
        ("splits", "many-folds", () => Text($"[{string.Join(',', Enumerable.Repeat("{}", 300_000))}]")),
        (
            "splits",
            "many-cases",
            () =>
                Text($"[{{\"train\":[{string.Join(',', Enumerable.Range(0, 300_000).Select(i => $"\"ct_{i}\""))}],\"val\":[]}}]")
        ),
        (
            "preprocessing",
            "many-cases",
            () =>
                Text(
                    $"{{\"spacing\":[3,3,5],\"axes\":\"LAS\",\"cases\":{{{string.Join(',', Enumerable.Range(0, 200_000).Select(i => $"\"c{i}\":null"))}}}}}"
                )
        ),
        (
            "preprocessing",
            "huge-grid",
            () =>
                Text(
                    """{"spacing":[3,3,5],"axes":"LAS","cases":{"ct_00":{"shape":[1200,1200,1200],"affine":[1,0,0,0,1,0,0,0,2,5,6,7]}}}"""
                )
        ),
        (
            "manifest",
            "many-files",
            () => Text($"{{{string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"f{i}\":null"))}}}")
        ),
        (
            "plan",
            "many-seeds",
            () =>
                Text(
                    $"{{\"data\":\"/tmp/d\",\"schemes\":[\"ummkd\"],\"seeds\":[{string.Join(',', Enumerable.Range(0, 100_000))}],\"folds\":1000,\"judged\":\"Test\"}}"
                )
        ),
        ("metrics", "long-line", () => Text("{\"step\":1,\"" + new string('x', 4_000_000))),
        ("metrics", "many-lines", () => Text(string.Concat(Enumerable.Repeat("{\"step\":1}\n", 20_000)))),
        ("safetensors", "long-name", () => Safetensors($"{{\"{new string('n', 4_000_000)}\":{{\"dtype\":\"X\"}}}}")),
        (
            "safetensors",
            "many-arrays",
            () =>
                Safetensors(
                    $"{{{string.Join(',', Enumerable.Range(0, 40_000).Select(i => $"\"{i}\":{{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[{i},{i + 1}]}}"))}}}",
                    40_000
                )
        ),
        (
            "safetensors",
            "many-extents",
            () =>
                Safetensors(
                    $"{{\"a\":{{\"dtype\":\"U8\",\"shape\":[{string.Join(',', Enumerable.Repeat("1", 400_000))}],\"data_offsets\":[0,1]}}}}",
                    1
                )
        ),
        ("nifti-gz", "one-large-extension", () => Gzip(Header(1 << 28), 1 << 28, (1 << 28) - 352)),
        ("nifti-gz", "claims-30000-cubed", () => Gzip(Header(352, 30_000), 0, 0)),
    ];

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Safetensors(string header, int data = 0) =>
        [
            .. BitConverter.GetBytes((long)Encoding.UTF8.GetByteCount(header)),
            .. Encoding.UTF8.GetBytes(header),
            .. new byte[data],
        ];

    private static byte[] Header(float start, short side = 1)
    {
        byte[] header = new byte[352];
        BinaryPrimitives.WriteInt32LittleEndian(header, 348);
        foreach (
            (int at, short value) in new[] { (40, (short)3), (42, side), (44, side), (46, side), (70, (short)2), (72, (short)8) }
        )
            BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(at), value);
        foreach ((int at, float value) in new[] { (80, 1f), (84, 1f), (88, 1f), (108, start), (112, 1f) })
            BinaryPrimitives.WriteSingleLittleEndian(header.AsSpan(at), value);
        "n+1\0"u8.CopyTo(header.AsSpan(344));
        header[348] = 1;
        return header;
    }

    /// <summary>A header, an extension that says how long it is, and zeros.</summary>
    private static byte[] Gzip(byte[] header, int extension, int zeros)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(header);
            gzip.Write(BitConverter.GetBytes(extension));
            gzip.Write(BitConverter.GetBytes(6));
            byte[] block = new byte[1 << 20];
            for (; zeros > 0; zeros -= block.Length)
                gzip.Write(block.AsSpan(0, Math.Min(zeros, block.Length)));
        }

        return packed.ToArray();
    }
}
