using System.Globalization;
using System.IO.Enumeration;
using System.Text.Json;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// dataset.json of the nnU-Net v2 raw layout, with the additional key <c>domains</c>: for every modality the
/// case names, or glob patterns (<c>ct_*</c>), that belong to it. Where cases have several co-registered channels it may be
/// left out: all cases are then of one modality, named <see cref="PairedModality"/>.
/// </summary>
public sealed class DatasetManifest
{
    /// <summary>The file's name inside a dataset folder.</summary>
    public const string FileName = "dataset.json";

    /// <summary>The one modality of a dataset of several channels that has no <c>domains</c>.</summary>
    public const string PairedModality = "paired";

    /// <summary>Of all cases, where problems are collected and the domains cannot be read.</summary>
    internal const string UnknownModality = "unknown";

    /// <summary>Where problems are collected and the file names no ending that can be read.</summary>
    private const string DefaultEnding = ".nii.gz";

    private const int MostModalities = 16;

    private readonly string path;
    private readonly IReadOnlyList<IReadOnlyList<string>> patternsOfModality;

    private DatasetManifest(string path, JsonElement root, Problems problems)
    {
        this.path = path;
        Name =
            root.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String
                ? name.GetString()!
                : Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path)))!;
        problems.Try(() => RequireEachKeyOnce(root, ""));
        (ClassNames, IgnoredLabel) = problems.Try(
            () => ReadLabels(path, Required(root, "labels", JsonValueKind.Object)),
            new DatasetLabels([], null)
        );
        FileEnding = problems.Try(
            () => ReadEnding(Required(root, "file_ending", JsonValueKind.String).GetString()!),
            DefaultEnding
        );
        Channels = problems.Try(() => ReadChannels(Required(root, "channel_names", JsonValueKind.Object)), [new Channel(0, "")]);
        TrainingCount = problems.Try(() => ReadCount(root), null);
        (Modalities, patternsOfModality) =
            Channels.Count > 1 && !root.TryGetProperty("domains", out _)
                ? One(PairedModality)
                : problems.Try(() => ReadDomains(root), One(UnknownModality));
        Groups = problems.Try(() => CaseGroups.Read(path, root), CaseGroups.None);
    }

    /// <summary>The dataset's name; the folder's where the file gives none.</summary>
    public string Name { get; }

    /// <summary>The ending of every image and label file, for example ".nii.gz"; of pairs that of the header.</summary>
    public string FileEnding { get; }

    /// <summary>Class names by label value; the first is the background.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>The value of nnU-Net's reserved label <c>ignore</c>, which is no class; null where there is none.</summary>
    public int? IgnoredLabel { get; }

    /// <summary>The modalities in the file's order.</summary>
    public IReadOnlyList<Modality> Modalities { get; }

    /// <summary>The co-registered images of every case, by number.</summary>
    public IReadOnlyList<Channel> Channels { get; }

    /// <summary>How many training cases the file announces; null where it does not say.</summary>
    public int? TrainingCount { get; }

    /// <summary>Which cases belong together, such as those of one patient.</summary>
    internal CaseGroups Groups { get; }

    /// <summary>Reads and checks dataset.json.</summary>
    /// <exception cref="InvalidDataException">The file is no JSON, or a key is missing or malformed.</exception>
    public static DatasetManifest Read(string path) => Read(path, Problems.Thrown);

    /// <summary>The same; of keys that are missing or malformed it may collect all.</summary>
    internal static DatasetManifest Read(string path, Problems problems)
    {
        using JsonDocument document = JsonFile.Parse(path, distinct: false);
        if (
            document.RootElement is { ValueKind: JsonValueKind.Object } root
            && root.TryGetProperty("training", out _)
            && root.TryGetProperty("modality", out _)
            && !root.TryGetProperty("channel_names", out _)
        )
            throw new InvalidDataException(
                $"'{path}': is of the Medical Segmentation Decathlon or nnU-Net v1; make a dataset of it with: unpairedseg import "
                    + "FOLDER --out NEW"
            );
        return document.RootElement.ValueKind == JsonValueKind.Object
            ? new DatasetManifest(path, document.RootElement, problems)
            : throw new InvalidDataException($"'{path}': expected a JSON object, found {document.RootElement.ValueKind}");
    }

    /// <summary>The class names alone, of any dataset in nnU-Net v2's layout.</summary>
    /// <exception cref="InvalidDataException">The file is no JSON, or its labels are missing or malformed.</exception>
    internal static DatasetLabels ReadLabels(string path)
    {
        using JsonDocument document = JsonFile.Parse(path, distinct: false);
        return
            document.RootElement is { ValueKind: JsonValueKind.Object } root
            && root.TryGetProperty("labels", out JsonElement labels)
            && labels.ValueKind == JsonValueKind.Object
            ? ReadLabels(path, labels)
            : throw new InvalidDataException($"'{path}': has no object 'labels'");
    }

    /// <summary>The one modality whose patterns match a case.</summary>
    /// <exception cref="InvalidDataException">No modality matches, or more than one does.</exception>
    public Modality ModalityOf(string caseId)
    {
        Modality[] matching =
        [
            .. Modalities.Where(m =>
                patternsOfModality[m.Index]
                    .Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, caseId, ignoreCase: false))
            ),
        ];
        return matching.Length switch
        {
            1 => matching[0],
            0 => throw Bad($"case '{caseId}' belongs to no domain: add it, or a pattern that matches it, to 'domains'"),
            _ => throw Bad(
                $"case '{caseId}' belongs to the domains {string.Join(" and ", matching.Select(m => m.Name))}, expected one"
            ),
        };
    }

    private static DatasetLabels ReadLabels(string path, JsonElement labels)
    {
        try
        {
            return DatasetLabels.Read(labels);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"'{path}': {OneLine.Of(e.Message)}", e);
        }
    }

    private string ReadEnding(string ending)
    {
        string known = NiftiPaths.EndingOf(ending).Replace(".img", ".hdr", StringComparison.Ordinal);
        return known.Length > 0 && known.Length == ending.Length
            ? known
            : throw Bad($"file_ending is '{ending}', expected .nii.gz, .nii, .hdr or .hdr.gz: other formats are converted first");
    }

    /// <remarks>A single channel needs no name: nothing asks for it.</remarks>
    private Channel[] ReadChannels(JsonElement names)
    {
        JsonProperty[] entries = [.. names.EnumerateObject()];
        if (entries.Length is < 1 or > Channel.Most)
            throw Bad($"channel_names lists {entries.Length} channels, expected 1 to {Channel.Most}");
        if (entries.Length == 1)
            return [new Channel(0, IsName(entries[0].Value) ? entries[0].Value.GetString()! : "")];
        RequireEachKeyOnce(names, "channel ");
        var channels = new List<Channel>();
        for (int number = 0; number < entries.Length; number++)
        {
            if (!names.TryGetProperty(number.ToString(CultureInfo.InvariantCulture), out JsonElement name))
                throw Bad(
                    $"channel_names has the keys {string.Join(", ", entries.Select(entry => entry.Name))}, expected \"0\" to "
                        + $"\"{entries.Length - 1}\""
                );
            if (!IsName(name))
                throw Bad($"channel {number} is {name.GetRawText()}, expected a name, {DatasetLabels.Name}");
            var channel = new Channel(number, name.GetString()!);
            if (
                channels.FirstOrDefault(c => DatasetLabels.Simplified(c.Name) == DatasetLabels.Simplified(channel.Name)) is
                { } alike
            )
                throw Bad($"channels {alike.Number} and {number} are both named '{channel.Name}'; give them names that differ");
            channels.Add(channel);
        }

        return [.. channels];
    }

    private static bool IsName(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && DatasetLabels.IsName(value.GetString()!);

    private int? ReadCount(JsonElement root) =>
        !root.TryGetProperty("numTraining", out JsonElement count) ? null
        : count.ValueKind == JsonValueKind.Number && count.TryGetInt32(out int number) ? number
        : throw Bad($"numTraining is {count.GetRawText()}, expected a whole number");

    private static (Modality[], List<IReadOnlyList<string>>) One(string modality) =>
        (
            [new Modality(modality, 0)],
            [
                ["*"],
            ]
        );

    private (Modality[], List<IReadOnlyList<string>>) ReadDomains(JsonElement root)
    {
        if (!root.TryGetProperty("domains", out _))
            throw Bad($"the key 'domains' is missing{DomainGuess.Hint(Path.GetDirectoryName(path)!, root)}");
        JsonElement domains = Required(root, "domains", JsonValueKind.Object);
        var modalities = new List<Modality>();
        var patterns = new List<IReadOnlyList<string>>();
        RequireEachKeyOnce(domains, "domain ");
        foreach (JsonProperty domain in domains.EnumerateObject())
        {
            if (domain.Name.Trim().Length == 0)
                throw Bad("a domain has no name");
            if (!DatasetLabels.IsName(domain.Name))
                throw Bad($"domain '{domain.Name}': expected a name, {DatasetLabels.Name}");
            if (modalities.Count == MostModalities)
                throw Bad($"'domains' has more than {MostModalities} modalities");
            if (
                modalities.FirstOrDefault(m => DatasetLabels.Simplified(m.Name) == DatasetLabels.Simplified(domain.Name)) is
                { } alike
            )
                throw Bad(
                    $"domains '{alike.Name}' and '{domain.Name}' differ only in letter case or blanks; give them names "
                        + "that differ"
                );
            if (
                domain.Value.ValueKind != JsonValueKind.Array
                || domain.Value.GetArrayLength() == 0
                || domain.Value.EnumerateArray().Any(p => p.ValueKind != JsonValueKind.String)
            )
            {
                throw Bad($"domain '{domain.Name}': expected a list of case names or patterns, such as [\"ct_*\"]");
            }
            modalities.Add(new Modality(domain.Name, modalities.Count));
            patterns.Add([.. domain.Value.EnumerateArray().Select(p => p.GetString()!)]);
        }
        return modalities.Count > 0
            ? ([.. modalities], patterns)
            : throw Bad("'domains' is empty, expected one entry per modality, such as \"CT\": [\"ct_*\"]");
    }

    private JsonElement Required(JsonElement root, string key, JsonValueKind kind)
    {
        if (!root.TryGetProperty(key, out JsonElement value))
            throw Bad($"the key '{key}' is missing");
        return value.ValueKind == kind ? value : throw Bad($"the key '{key}' is {value.ValueKind}, expected {kind}");
    }

    /// <remarks>Which of two values counts is a reader's whim: JSON does not say.</remarks>
    private void RequireEachKeyOnce(JsonElement group, string kind)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty entry in group.EnumerateObject())
        {
            if (!seen.Add(entry.Name))
                throw Bad($"{kind}'{entry.Name}' is given twice");
        }
    }

    private InvalidDataException Bad(string what) => new($"'{path}': {OneLine.Of(what)}");
}
