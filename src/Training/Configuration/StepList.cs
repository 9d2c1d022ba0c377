using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace UnpairedSegEngine.Training.Configuration;

/// <summary>Steps of a training, such as "8000,12000", ascending; none where the text is empty.</summary>
/// <param name="Text">As written, separated by commas.</param>
public readonly record struct StepList(string Text) : IParsable<StepList>
{
    /// <summary>The steps.</summary>
    public IReadOnlyList<long> Steps =>
        [.. Entries(Text).Select(entry => long.Parse(entry, NumberStyles.None, CultureInfo.InvariantCulture))];

    /// <exception cref="FormatException">An entry is no step, or they do not ascend.</exception>
    public static StepList Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out StepList result)
            ? result
            : throw new FormatException($"'{s}' are no ascending steps such as 100,200");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out StepList result)
    {
        result = new StepList(s ?? "");
        long before = 0;
        foreach (string entry in Entries(s ?? ""))
        {
            if (!long.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out long step) || step <= before)
                return false;
            before = step;
        }

        return s is not null;
    }

    /// <summary>As written.</summary>
    public override string ToString() => Text;

    private static string[] Entries(string text) => text.Length == 0 ? [] : text.Split(',', StringSplitOptions.TrimEntries);
}
