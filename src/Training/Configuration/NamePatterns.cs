using System.Diagnostics.CodeAnalysis;
using System.IO.Enumeration;

namespace UnpairedSegEngine.Training.Configuration;

/// <summary>
/// Patterns of parameters, such as "enc*,dec3": * is any text, ? any character. One matches a parameter by its whole name, or by
/// a leading part of it that ends before a dot or an underscore, such as the name of its stage or layer.
/// </summary>
/// <param name="Text">As written, separated by commas; none where it is empty.</param>
public readonly record struct NamePatterns(string Text) : IParsable<NamePatterns>
{
    /// <summary>Each by itself.</summary>
    public IReadOnlyList<string> Patterns => string.IsNullOrEmpty(Text) ? [] : Text.Split(',', StringSplitOptions.TrimEntries);

    /// <exception cref="FormatException">A pattern is empty.</exception>
    public static NamePatterns Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out NamePatterns result) ? result : throw new FormatException($"'{s}' has an empty pattern");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out NamePatterns result)
    {
        result = new NamePatterns(s ?? "");
        return s is not null && result.Patterns.All(pattern => pattern.Length > 0);
    }

    /// <summary>Whether one pattern matches a parameter.</summary>
    public static bool Matches(string pattern, string parameter)
    {
        for (int end = 1; end <= parameter.Length; end++)
        {
            bool isPart = end == parameter.Length || parameter[end] is '.' or '_';
            if (isPart && FileSystemName.MatchesSimpleExpression(pattern, parameter.AsSpan(0, end), ignoreCase: false))
                return true;
        }

        return false;
    }

    /// <summary>Whether any pattern matches a parameter.</summary>
    public bool Matches(string parameter) => Patterns.Any(pattern => Matches(pattern, parameter));

    /// <summary>As written.</summary>
    public override string ToString() => Text ?? "";
}
