using System.Text;

namespace UnpairedSegEngine.Storage;

/// <summary>Text from foreign files inside messages and logs: one line, and nothing that a terminal obeys.</summary>
public static class OneLine
{
    /// <summary>The text with every control character and line separator as a space.</summary>
    public static string Of(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\0', '\x1F') && !text.Any(IsBreaking))
            return text;
        var line = new StringBuilder(text.ReplaceLineEndings(" "));
        for (int i = 0; i < line.Length; i++)
        {
            if (IsBreaking(line[i]))
                line[i] = ' ';
        }

        return line.ToString();
    }

    private static bool IsBreaking(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';
}
