using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>Some classes by number, such as "0,1,2"; none named means all.</summary>
/// <param name="Text">As written, separated by commas.</param>
public readonly record struct ClassList(string Text) : IParsable<ClassList>
{
    private int[] Numbers =>
        [
            .. Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(number => int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture)),
        ];

    /// <exception cref="FormatException">An entry is no number.</exception>
    public static ClassList Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out ClassList result)
            ? result
            : throw new FormatException($"'{s}' is no list of classes such as 0,1,2");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ClassList result)
    {
        result = new ClassList(s ?? "");
        return s is not null
            && (
                s.Length == 0
                || s.Split(',', StringSplitOptions.TrimEntries)
                    .All(number =>
                        int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
                        && value < ImageDataset.MostClasses
                    )
            );
    }

    /// <summary>By class, whether it is listed.</summary>
    /// <exception cref="UsageException">A dataset of so many classes lacks one of the list.</exception>
    public bool[] Of(int classCount)
    {
        int[] numbers = Numbers;
        if (numbers.Any(number => number >= classCount))
            throw new UsageException(
                $"images.classes: '{Text}' lists class {numbers.Max()}, but the dataset has classes 0 to {classCount - 1}"
            );
        return [.. Enumerable.Range(0, classCount).Select(number => numbers.Length == 0 || numbers.Contains(number))];
    }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
