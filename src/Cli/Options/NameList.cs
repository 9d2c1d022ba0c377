using System.Text;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Options;

/// <summary>Names separated by commas; <c>\,</c> is a comma of a name.</summary>
internal static class NameList
{
    /// <param name="option">For messages.</param>
    /// <param name="values">As typed, one or more arguments.</param>
    /// <exception cref="UsageException">A name is empty or given twice.</exception>
    public static string[] Parse(string option, IEnumerable<string> values)
    {
        string[] names = [.. values.SelectMany(Split).Select(name => name.Trim())];
        if (names.Contains(""))
            throw new UsageException(
                $"{option} '{string.Join(' ', values)}': a name is empty; separate names by one comma, and write \\, for "
                    + "a comma of a name"
            );
        return names.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new UsageException($"{option}: '{twice.Key}' is named twice")
            : names;
    }

    private static IEnumerable<string> Split(string text)
    {
        var name = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length && text[i + 1] == ',')
            {
                name.Append(',');
                i++;
            }
            else if (text[i] == ',')
            {
                yield return name.ToString();
                name.Clear();
            }
            else
            {
                name.Append(text[i]);
            }
        }

        yield return name.ToString();
    }
}
