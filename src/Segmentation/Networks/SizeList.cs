using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>Sizes as "height x width x depth", for example "3x3x3 3x3x1".</summary>
/// <param name="Text">As written, separated by blanks.</param>
public readonly record struct SizeList(string Text) : IParsable<SizeList>
{
    /// <summary>The sizes in the order of the text, which must be one that <see cref="TryParse"/> takes.</summary>
    public IReadOnlyList<Size3> Sizes => [.. Text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    /// <summary>Reads a list of at least one size.</summary>
    /// <exception cref="FormatException">Where <see cref="TryParse"/> is false.</exception>
    public static SizeList Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out SizeList result)
            ? result
            : throw new FormatException($"'{s}' is no list of sizes such as 3x3x3 3x3x1");

    /// <summary>Whether a text is sizes of three whole numbers from 1 to 99, such as 3x3x1, with blanks between.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out SizeList result)
    {
        result = new SizeList(s ?? "");
        string[] sizes = result.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return sizes.Length > 0
            && sizes.All(size =>
                size.Split('x') is [var h, var w, var d]
                && new[] { h, w, d }.All(n =>
                    int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out int v) && v is > 0 and < 100
                )
            );
    }

    /// <summary>The sizes as written.</summary>
    public override string ToString() => Text;

    private static Size3 Parse(string size)
    {
        int[] sides = [.. size.Split('x').Select(n => int.Parse(n, CultureInfo.InvariantCulture))];
        return new Size3(sides[2], sides[0], sides[1]);
    }
}
