using System.IO.Hashing;
using System.Text;

namespace UnpairedSegEngine.Storage;

/// <summary>
/// Names of classes, cases and modalities as names of files: any text becomes one name in its folder, on every system.
/// </summary>
public static class FileName
{
    private const string Reserved = "/\\:*?\"<>|%";

    /// <summary>Leaves room for prefixes and endings within a file system's 255 bytes.</summary>
    private const int MostBytes = 120;

    private const int MostOfSystem = 255;

    /// <summary>
    /// The text with what no file name may hold as percent escapes of its UTF-8 bytes ("prostate/uterus" is "prostate%2Futerus"),
    /// so different texts have different
    /// names. Texts of more than 120 bytes are cut and end with their hash.
    /// </summary>
    public static string Encode(string text)
    {
        var name = new StringBuilder();
        int position = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isFirst = position == 0;
            position += rune.Utf16SequenceLength;
            bool isEdge = isFirst || position == text.Length;
            if (
                Rune.IsControl(rune)
                || rune == Rune.ReplacementChar
                || (rune.IsAscii && (Reserved.Contains((char)rune.Value) || (isEdge && rune.Value is '.' or ' ')))
            )
                Escape(name, rune);
            else
                name.Append(rune.ToString());
        }

        if (name.Length == 0)
            return "%";
        string whole = name.ToString();
        return Encoding.UTF8.GetByteCount(whole) <= MostBytes
            ? whole
            : $"{Cut(whole)}%{XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(text)):x16}";
    }

    /// <summary>
    /// Whether a text that a foreign file gives as the name of a file is one in its folder, and not a path, a parent or a hidden
    /// file.
    /// </summary>
    public static bool IsPlain(string text) =>
        text.Length is > 0 and <= MostOfSystem
        && text[0] != '.'
        && Path.GetFileName(text) == text
        && text.EnumerateRunes().All(rune => !Rune.IsControl(rune) && rune != Rune.ReplacementChar && rune.Value != '\\');

    private static void Escape(StringBuilder name, Rune rune)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (byte b in bytes[..rune.EncodeToUtf8(bytes)])
            name.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
    }

    private static string Cut(string name)
    {
        int length = 0,
            bytes = 0;
        foreach (Rune rune in name.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MostBytes - 17)
                break;
            length += rune.Utf16SequenceLength;
        }

        return name[..length];
    }
}
