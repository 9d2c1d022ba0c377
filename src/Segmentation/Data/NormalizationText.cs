using System.Globalization;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Reads text forms such as <c>window(-160,240)</c>: a name, and numbers in parentheses.</summary>
internal static class NormalizationText
{
    /// <summary>More than any form needs; texts come from files of others.</summary>
    private const int LongestText = 200;

    /// <summary>How much of a refused text is quoted.</summary>
    private const int LongestQuote = 60;

    private const NumberStyles Number =
        NumberStyles.AllowLeadingSign
        | NumberStyles.AllowDecimalPoint
        | NumberStyles.AllowExponent
        | NumberStyles.AllowLeadingWhite
        | NumberStyles.AllowTrailingWhite;

    /// <exception cref="ArgumentException">The text is none of the forms.</exception>
    public static IntensityNormalization Parse(string? text) =>
        Split(text) switch
        {
            ("none", []) => IntensityNormalization.None,
            ("zscore", []) => IntensityNormalization.ZScore,
            ("body_zscore", []) => IntensityNormalization.BodyZScore,
            ("window", [double low, double high]) => IntensityNormalization.Window(low, high),
            ("window", [double low, double high, double outputLow, double outputHigh]) => IntensityNormalization.Window(
                low,
                high,
                outputLow,
                outputHigh
            ),
            ("percentile", [double lower, double upper]) => IntensityNormalization.Percentile(lower, upper),
            ("unpadded_percentile", [double lower, double upper]) => IntensityNormalization.UnpaddedPercentile(lower, upper),
            _ => throw new ArgumentException(
                $"'{Quote(text)}' is no normalization: expected none, zscore, body_zscore, window(lo,hi), "
                    + "window(lo,hi,to_lo,to_hi), percentile(lower,upper) or unpadded_percentile(lower,upper)"
            ),
        };

    /// <summary>Name and numbers; null numbers where they are no numbers.</summary>
    private static (string Name, double[]? Numbers) Split(string? text)
    {
        if (text is null || text.Length > LongestText)
            return ("", null);
        string trimmed = text.Trim();
        int open = trimmed.IndexOf('(', StringComparison.Ordinal);
        if (open < 0)
            return (trimmed, []);
        return trimmed[^1] == ')' ? (trimmed[..open].TrimEnd(), Numbers(trimmed[(open + 1)..^1])) : ("", null);
    }

    private static double[]? Numbers(string list)
    {
        string[] parts = list.Split(',');
        var numbers = new double[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!double.TryParse(parts[i], Number, CultureInfo.InvariantCulture, out numbers[i]))
                return null;
        }

        return numbers;
    }

    private static string Quote(string? text) =>
        OneLine.Of(
            text is null ? ""
            : text.Length > LongestQuote ? $"{text[..LongestQuote]}..."
            : text
        );
}
