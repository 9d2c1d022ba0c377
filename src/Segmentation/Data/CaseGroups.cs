using System.Text.Json;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// The key <c>groups</c> of dataset.json, which nnU-Net passes over: for every group, such as a patient, the names of its cases.
/// </summary>
internal sealed class CaseGroups
{
    private const string Key = "groups";

    private readonly Dictionary<string, string> groupOf = new(StringComparer.Ordinal);

    private CaseGroups() { }

    /// <summary>Every case is on its own.</summary>
    public static CaseGroups None { get; } = new();

    /// <summary>Reads the key; it may be missing.</summary>
    /// <exception cref="InvalidDataException">It is malformed, or a case is in two groups.</exception>
    public static CaseGroups Read(string path, JsonElement root)
    {
        if (!root.TryGetProperty(Key, out JsonElement groups))
            return None;
        if (groups.ValueKind != JsonValueKind.Object)
            throw Bad($"the key '{Key}' is {groups.ValueKind}, expected lists of case names by group");
        var read = new CaseGroups();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty group in groups.EnumerateObject())
        {
            if (!DatasetLabels.IsName(group.Name) || !names.Add(group.Name))
                throw Bad($"group '{group.Name}' is given twice, or is no name ({DatasetLabels.Name})");
            if (
                group.Value.ValueKind != JsonValueKind.Array
                || group.Value.EnumerateArray().Any(name => name.ValueKind != JsonValueKind.String)
            )
                throw Bad($"group '{group.Name}': expected a list of case names");
            foreach (string id in group.Value.EnumerateArray().Select(name => name.GetString()!))
            {
                if (!read.groupOf.TryAdd(id, group.Name))
                    throw Bad($"case '{id}' is in the groups '{read.groupOf[id]}' and '{group.Name}', expected one");
            }
        }

        return read;

        InvalidDataException Bad(string what) => new($"'{path}': {OneLine.Of(what)}");
    }

    /// <summary>The group of a case; null where it is on its own.</summary>
    public string? Of(string id) => groupOf.GetValueOrDefault(id);

    /// <summary>A group that is on two sides of a split, as the rest of a sentence; null where none is.</summary>
    public static string? SharedBy(DatasetSplit split)
    {
        (string Side, DatasetCase Case)[] members =
        [
            .. split.Train.Select(c => ("the training cases", c)),
            .. split.Validation.Select(c => ("the validation cases", c)),
            .. split.Test.Select(c => ("the test cases", c)),
        ];
        foreach (
            IGrouping<string?, (string Side, DatasetCase Case)> group in members
                .Where(member => member.Case.Group is not null)
                .GroupBy(member => member.Case.Group)
        )
        {
            (string Side, DatasetCase Case) first = group.First();
            if (group.FirstOrDefault(member => member.Side != first.Side) is { Case: not null } other)
                return $"the group '{group.Key}' in {first.Side} ('{first.Case.Id}') and in {other.Side} ('{other.Case.Id}')";
        }

        return null;
    }
}
