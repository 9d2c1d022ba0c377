using System.Globalization;
using System.Text;
using System.Text.Json;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// The key <c>labels</c> of dataset.json: class names by label value and, where nobody labelled every voxel, nnU-Net's reserved
/// label <c>ignore</c>.
/// </summary>
/// <param name="ClassNames">By label value; the first is the background.</param>
/// <param name="Ignored">The value of voxels that losses and metrics leave out; null where there is none.</param>
internal sealed record DatasetLabels(IReadOnlyList<string> ClassNames, int? Ignored)
{
    internal const string Background = "background";
    private const string Ignore = "ignore";
    private const int LongestName = 200;

    /// <summary>What <see cref="IsName"/> asks for.</summary>
    internal static string Name => $"one line of 1 to {LongestName} characters";

    /// <exception cref="FormatException">No names of consecutive values from 0; the message says what is wrong.</exception>
    public static DatasetLabels Read(JsonElement labels)
    {
        var names = new SortedDictionary<int, string>();
        foreach (JsonProperty label in labels.EnumerateObject())
        {
            if (names.Count > LabelValue.Ignored)
                throw new FormatException($"labels has more than {LabelValue.Ignored} names");
            int value = ValueOf(label);
            CheckName(label.Name, names.Values);
            if (!names.TryAdd(value, label.Name))
                throw new FormatException($"labels '{names[value]}' and '{label.Name}' share the value {value}");
        }

        int? ignored = IgnoredAmong(names);
        if (!names.Keys.SequenceEqual(Enumerable.Range(0, names.Count)) || names.Count is < 2 or >= LabelValue.Ignored)
            throw new FormatException(
                $"label values are {string.Join(", ", names.Keys)}, expected consecutive ones from 0 (at least 2, below "
                    + $"{LabelValue.Ignored})"
            );
        return names[0] == Background
            ? new DatasetLabels([.. names.Values], ignored)
            : throw new FormatException($"label 0 is named '{names[0]}', expected '{Background}'");
    }

    private static int ValueOf(JsonProperty label) =>
        label.Value.ValueKind switch
        {
            JsonValueKind.Number when label.Value.TryGetInt32(out int value) => value,
            JsonValueKind.Array => throw new FormatException(
                $"label '{label.Name}' is {label.Value.GetRawText()}, a region of several values; regions are not "
                    + "supported: give each class one value, without 'regions_class_order'"
            ),
            JsonValueKind.String when int.TryParse(label.Name, NumberStyles.Integer, CultureInfo.InvariantCulture, out _) =>
                throw new FormatException(
                    $"labels are written as in nnU-Net v1, \"{label.Name}\": {label.Value.GetRawText()}; write them as "
                        + $"{label.Value.GetRawText()}: {label.Name}"
                ),
            _ => throw new FormatException($"label '{label.Name}' is {label.Value.GetRawText()}, expected a whole number"),
        };

    private static void CheckName(string name, IEnumerable<string> others)
    {
        if (string.IsNullOrWhiteSpace(name))
            throw new FormatException("a label has no name");
        if (!IsName(name))
            throw new FormatException($"label '{name}': expected a name, {Name}");
        if (others.Contains(name))
            throw new FormatException($"label '{name}' is given twice");
        if (others.FirstOrDefault(other => Simplified(other) == Simplified(name)) is { } alike)
            throw new FormatException(
                $"labels '{alike}' and '{name}' differ only in letter case or blanks; give them names that differ"
            );
        if (name != Ignore && Simplified(name) == Ignore)
            throw new FormatException(
                $"label '{name}': write '{Ignore}' to leave its voxels out of losses and metrics, or give the class another name"
            );
    }

    /// <summary>Takes the reserved label out of the names.</summary>
    private static int? IgnoredAmong(SortedDictionary<int, string> names)
    {
        if (!names.Values.Contains(Ignore))
            return null;
        (int value, string last) = names.Last();
        if (last != Ignore || value > byte.MaxValue)
            throw new FormatException(
                $"label '{Ignore}' is {names.First(pair => pair.Value == Ignore).Key}, expected the highest of all values "
                    + $"(at most {byte.MaxValue})"
            );
        names.Remove(value);
        return value;
    }

    /// <summary>Whether a text can name a class or a modality in tables and files.</summary>
    internal static bool IsName(string text) =>
        !string.IsNullOrWhiteSpace(text) && text.Length <= LongestName && !text.Any(char.IsControl);

    /// <summary>Small letters, without blanks.</summary>
    internal static string Simplified(string name) =>
        string.Concat(name.Normalize(NormalizationForm.FormKC).ToLowerInvariant().Where(c => !char.IsWhiteSpace(c)));
}
