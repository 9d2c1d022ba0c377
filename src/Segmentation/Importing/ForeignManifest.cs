using System.Globalization;
using System.Text.Json;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>The dataset.json of another program.</summary>
internal sealed class ForeignManifest
{
    private readonly string path;
    private readonly JsonElement root;

    /// <param name="folder">The dataset's.</param>
    /// <exception cref="InvalidDataException">It is missing, or no JSON object.</exception>
    public ForeignManifest(string folder)
    {
        path = Path.Combine(folder, DatasetManifest.FileName);
        using JsonDocument document = JsonFile.Parse(path);
        root = document.RootElement.Clone();
        if (root.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"'{path}': expected a JSON object, found {root.ValueKind}");
    }

    /// <summary>Whether a folder has a dataset.json with a key.</summary>
    /// <exception cref="InvalidDataException">It is no JSON object.</exception>
    public static bool Has(string folder, string key)
    {
        if (!File.Exists(Path.Combine(folder, DatasetManifest.FileName)))
            return false;
        return new ForeignManifest(folder).root.TryGetProperty(key, out _);
    }

    /// <summary>A value that must be there.</summary>
    public JsonElement Required(string key, JsonValueKind kind) =>
        !root.TryGetProperty(key, out JsonElement value) ? throw Bad($"the key '{key}' is missing")
        : value.ValueKind == kind ? value
        : throw Bad($"the key '{key}' is {value.ValueKind}, expected {kind}");

    /// <summary>A value that may be missing; null then.</summary>
    public JsonElement? Optional(string key, JsonValueKind kind) =>
        root.TryGetProperty(key, out JsonElement value) && value.ValueKind == kind ? value : null;

    public string Text(string key) => Required(key, JsonValueKind.String).GetString()!;

    /// <summary>Names by number, from "0".</summary>
    public IReadOnlyList<string> Channels(string key)
    {
        JsonElement names = Required(key, JsonValueKind.Object);
        int count = names.EnumerateObject().Count();
        if (count is < 1 or > Channel.Most)
            throw Bad($"{key} lists {count} channels, expected 1 to {Channel.Most}");
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(number =>
                    names.TryGetProperty(number.ToString(CultureInfo.InvariantCulture), out JsonElement name)
                    && name.ValueKind == JsonValueKind.String
                        ? name.GetString()!
                        : throw Bad($"{key} has no name for channel {number}")
                ),
        ];
    }

    /// <summary>What the only channel says about the modality; null where there are several, or it says nothing.</summary>
    public string? ModalityOfChannels(IReadOnlyList<string> channels) =>
        channels is [var one] && DomainGuess.ModalitiesIn(one) is [var modality] ? modality : null;

    /// <summary>Label values by class name.</summary>
    /// <param name="isNameFirst">Whether keys are names, as in nnU-Net v2, or values, as in the decathlon and v1.</param>
    public IReadOnlyDictionary<string, int> Labels(bool isNameFirst)
    {
        var labels = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonProperty label in Required("labels", JsonValueKind.Object).EnumerateObject())
        {
            (string name, string value) = isNameFirst
                ? (label.Name, label.Value.GetRawText())
                : (label.Value.ValueKind == JsonValueKind.String ? label.Value.GetString()! : "", label.Name);
            if (label.Value.ValueKind == JsonValueKind.Array)
                throw Bad($"label '{name}' is a region of several values; give each class one value");
            if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                throw Bad($"label '{OneLine.Of(name)}' has the value {OneLine.Of(value)}, expected a whole number");
            if (!DatasetLabels.IsName(name))
                throw Bad($"label {number}: expected a name, {DatasetLabels.Name}");
            if (labels.ContainsValue(number) || !labels.TryAdd(number == 0 ? DatasetLabels.Background : name, number))
                throw Bad($"label '{name}' or value {number} is given twice");
        }

        return labels;
    }

    /// <summary>Lists of names by name, such as domains; empty where the key is missing.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lists(string key) =>
        Optional(key, JsonValueKind.Object) is { } lists
            ? lists
                .EnumerateObject()
                .Where(list => list.Value.ValueKind == JsonValueKind.Array)
                .ToDictionary(
                    list => list.Name,
                    list =>
                        (IReadOnlyList<string>)
                            [
                                .. list
                                    .Value.EnumerateArray()
                                    .Where(name => name.ValueKind == JsonValueKind.String)
                                    .Select(name => name.GetString()!),
                            ]
                )
            : new Dictionary<string, IReadOnlyList<string>>();

    public InvalidDataException Bad(string what) => new($"'{path}': {OneLine.Of(what)}");
}
