using System.Text;

namespace UnpairedSegEngine.Storage;

/// <summary>
/// Text from foreign files inside messages and logs: one line, of a length that can be read, and nothing that a terminal obeys.
/// </summary>
public static class OneLine
{
    /// <summary>Characters of a longer text that are kept of its beginning and of its end.</summary>
    private const int KeptOfEach = 500;

    private const string Cut = " [...] ";

    /// <summary>
    /// The text with every control character, line separator and half of a character as a space; a long one without its middle.
    /// </summary>
    public static string Of(string text)
    {
        if (text.Length > (2 * KeptOfEach) + Cut.Length)
            text = $"{text.AsSpan(0, KeptOfEach)}{Cut}{text.AsSpan(text.Length - KeptOfEach)}";
        if (!text.Any(IsBreaking))
            return text;
        var line = new StringBuilder(text.Length);
        foreach (Rune rune in text.ReplaceLineEndings(" ").EnumerateRunes())
            line.Append(rune == Rune.ReplacementChar || (rune.IsBmp && IsBreaking((char)rune.Value)) ? " " : rune.ToString());
        return line.ToString();
    }

    /// <remarks>Marks that turn the direction of text make a terminal show another line than the one that is written.</remarks>
    private static bool IsBreaking(char c) =>
        char.IsControl(c)
        || char.IsSurrogate(c)
        || c is '\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
