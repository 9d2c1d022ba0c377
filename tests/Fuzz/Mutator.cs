using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

namespace UnpairedSegEngine.Fuzz;

/// <summary>Edits of bytes and of tokens of text, all decided by one stream of random numbers.</summary>
internal sealed partial class Mutator(System.Random random)
{
    private const int MostEdits = 4;
    private const int LongestInput = 1 << 16;

    private static readonly long[] Integers =
    [
        0,
        1,
        -1,
        2,
        3,
        7,
        8,
        16,
        127,
        128,
        255,
        256,
        32767,
        -32768,
        65535,
        int.MaxValue,
        int.MinValue,
        uint.MaxValue,
        long.MaxValue,
        long.MinValue,
        1L << 40,
    ];

    private static readonly float[] Floats =
    [
        0,
        -0f,
        1,
        -1,
        0.5f,
        float.NaN,
        float.PositiveInfinity,
        float.NegativeInfinity,
        float.Epsilon,
        float.MaxValue,
        1e-10f,
        1e10f,
        20000,
        352,
        348,
        1e-38f,
    ];

    /// <summary>Texts that parsers have tripped over.</summary>
    private static readonly string[] Tokens =
    [
        "null",
        "true",
        "{}",
        "[]",
        "\"\"",
        "0",
        "-1",
        "1.5",
        "-0.0",
        "1e400",
        "NaN",
        "\"NaN\"",
        "Infinity",
        "2000000000",
        "9223372036854775808",
        "99999999999999999999",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"a\\nb\"",
        "\"\\u0000\"",
        "\"\\u001b[2J\"",
        "\"../../../../etc/passwd\"",
        "\"/dev/zero\"",
        "\"manifest.json\"",
        "\"..\"",
        "\"CON\"",
        "a\nb",
        "\t",
        "\r",
        "\0",
        "\"",
        "\\",
        "'",
        ":",
        ": ",
        ",",
        "=",
        "[",
        "]",
        "{",
        "}",
        "[[[[[[[[[[[[[[[[",
        "{\"a\":",
        "&a ",
        "*a",
        "<<: *a",
        "!!str ",
        "!!binary ",
        "? ",
        "- ",
        "| ",
        "> ",
        "---\n",
        "...\n",
        "%YAML 9.9\n",
        "#",
        "\"\\UFFFFFFFF\"",
        "\"\\xD8\"",
        "\uFEFF",
        "\u2028",
        "\u202E",
        "é",
        "😀",
        "window(",
        "percentile(",
        ",,",
        "3x3x3",
        "--",
        "e9",
        "        ",
    ];

    private static readonly byte[][] InvalidText =
    [
        [0xFF],
        [0xC0, 0x80],
        [0xED, 0xA0, 0x80],
        [0xF8, 0x88, 0x80, 0x80, 0x80],
        [0xC3],
        [0xEF, 0xBB, 0xBF],
        [0xFF, 0xFE],
    ];

    public int Below(int count) => random.Next(count);

    public bool Happens(double probability) => random.NextDouble() < probability;

    public T Of<T>(IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    /// <summary>Flips, sets, inserts, deletes, repeats and cuts bytes.</summary>
    public byte[] Bytes(byte[] input)
    {
        List<byte> bytes = [.. input];
        for (int edits = 1 + Below(MostEdits); edits > 0 && bytes.Count > 0; edits--)
        {
            int at = Below(bytes.Count),
                length = 1 + Below(Math.Min(16, bytes.Count - at));
            switch (Below(7))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << Below(8));
                    break;
                case 1:
                    bytes[at] = (byte)Below(256);
                    break;
                case 2:
                    Overwrite(bytes, at, 1 << Below(4));
                    break;
                case 3:
                    bytes.RemoveRange(at, length);
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 5:
                    bytes.InsertRange(at, Of(InvalidText));
                    break;
                default:
                    if (Happens(0.2))
                        bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Replaces, repeats, exchanges and deletes the tokens of a text; now and then its bytes.</summary>
    public byte[] Text(byte[] input)
    {
        if (Happens(0.15))
            return Bytes(input);
        List<string> tokens = [.. Token().Matches(Encoding.Latin1.GetString(input)).Select(match => match.Value)];
        for (int edits = 1 + Below(MostEdits); edits > 0 && tokens.Count > 0; edits--)
        {
            int at = Below(tokens.Count),
                length = 1 + Below(Math.Min(8, tokens.Count - at));
            switch (Below(8))
            {
                case 0 or 1 or 2:
                    tokens[at] = Foreign();
                    break;
                case 3:
                    tokens.Insert(at, Foreign());
                    break;
                case 4:
                    tokens.RemoveRange(at, length);
                    break;
                case 5:
                    tokens.InsertRange(at, tokens.GetRange(at, length));
                    break;
                case 6:
                    tokens[at] = tokens[Below(tokens.Count)];
                    break;
                default:
                    tokens[at] = string.Concat(
                        Enumerable.Repeat(tokens[at], Math.Max(1, Math.Min(1 << Below(13), LongestInput / tokens[at].Length)))
                    );
                    break;
            }
        }

        string text = string.Concat(tokens);
        return Encoding.Latin1.GetBytes(text[..Math.Min(text.Length, LongestInput)]);
    }

    /// <summary>Puts an odd whole number of some bytes at a place.</summary>
    public void Integer(Span<byte> field)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Happens(0.5) ? Of(Integers) : Below(64));
        bytes[..field.Length].CopyTo(field);
    }

    /// <summary>Puts an odd float32 at a place.</summary>
    public void Float(Span<byte> field) =>
        BinaryPrimitives.WriteSingleLittleEndian(
            field,
            Happens(0.7) ? Of(Floats) : (float)((random.NextDouble() - 0.5) * Math.Pow(10, Below(20)))
        );

    private void Overwrite(List<byte> bytes, int at, int length)
    {
        Span<byte> field = stackalloc byte[sizeof(long)];
        Integer(field[..length]);
        for (int i = 0; i < length && at + i < bytes.Count; i++)
            bytes[at + i] = field[i];
    }

    private string Foreign() => Encoding.Latin1.GetString(Happens(0.85) ? Encoding.UTF8.GetBytes(Of(Tokens)) : Of(InvalidText));

    [GeneratedRegex("""\"(\\.|[^\"\\])*\"|[0-9][0-9.eE+-]*|[A-Za-z_]+|\s+|.""", RegexOptions.Singleline)]
    private static partial Regex Token();
}
