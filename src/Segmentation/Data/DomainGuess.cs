using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// What <c>domains</c> of a dataset.json that lacks it may be, from the name of its channel, the names of its cases or their
/// intensities: lines for a person to check and paste, never used without that.
/// </summary>
/// <param name="Domains">Patterns of case names by modality.</param>
/// <param name="Evidence">What it was guessed from, in words.</param>
internal sealed partial record DomainGuess(IReadOnlyDictionary<string, IReadOnlyList<string>> Domains, string Evidence)
{
    private const string Example = "\"domains\": {\"CT\": [\"ct_*\"], \"MR\": [\"mr_*\"]}";

    /// <summary>Longer lines would be cut where errors are printed.</summary>
    private const int LongestLine = 500;

    /// <summary>Volumes that are read to word one error.</summary>
    private const int MostRead = 8;

    /// <summary>Below, a volume is taken to be in Hounsfield units: air is -1000, fat about -100.</summary>
    public const float HounsfieldBelow = -200;

    private static readonly JsonSerializerOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Dictionary<string, string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ct"] = "CT",
        ["cbct"] = "CBCT",
        ["mr"] = "MR",
        ["mri"] = "MR",
        ["pet"] = "PET",
        ["t1"] = "T1",
        ["t1w"] = "T1",
        ["t1ce"] = "T1ce",
        ["t2"] = "T2",
        ["t2w"] = "T2",
        ["flair"] = "FLAIR",
    };

    /// <summary>The key with its value, as it stands in dataset.json, in one line.</summary>
    public string Line =>
        "\"domains\": {"
        + string.Join(", ", Domains.Select(domain => $"{Text(domain.Key)}: [{string.Join(", ", domain.Value.Select(Text))}]"))
        + "}";

    /// <summary>The rest of the sentence "the key 'domains' is missing".</summary>
    /// <param name="folder">The dataset's.</param>
    /// <param name="manifest">Its dataset.json.</param>
    public static string Hint(string folder, JsonElement manifest) =>
        Of(folder, ChannelNames(manifest), MostRead) switch
        {
            { Line.Length: <= LongestLine } guess => $"; add it, guessed from {guess.Evidence}: {guess.Line}",
            { } guess => $"; a guess from {guess.Evidence} is printed by: unpairedseg inspect FOLDER",
            null => $"; it says which case is of which modality, such as {Example}",
        };

    /// <summary>A guess; null where nothing speaks for one.</summary>
    /// <param name="folder">The dataset's.</param>
    /// <param name="channelNames">Those in its dataset.json.</param>
    /// <param name="mostRead">Volumes that may be read for it.</param>
    public static DomainGuess? Of(string folder, IReadOnlyList<string> channelNames, int mostRead)
    {
        string[] ofChannel = [.. channelNames.SelectMany(ModalitiesIn).Distinct()];
        if (channelNames.Count == 1 && ofChannel.Length == 1)
            return Make(new Dictionary<string, List<string>> { [ofChannel[0]] = [] }, [], "the name of the channel");
        (string Id, string Path)[] cases = [.. Cases(folder)];
        if (cases.Length == 0 || cases.Any(found => found.Id.AsSpan().ContainsAny('*', '?', '\\')))
            return null;
        string[] ids = [.. cases.Select(found => found.Id)];
        string[]?[] named = [.. ids.Select(id => ModalitiesIn(id) is { Length: 1 } one ? one : null)];
        return named.All(one => one is not null)
            ? Make(Grouped(ids, named.Select(one => one![0])), ids, "the names of the cases")
            : OfIntensities(cases, ids, mostRead);
    }

    /// <summary>"MR" of the lowest value of a volume, or "CT".</summary>
    public static string OfMinimum(float minimum) => minimum < HounsfieldBelow ? "CT" : "MR";

    /// <summary>The modalities that a text names.</summary>
    public static string[] ModalitiesIn(string text) =>
        [
            .. Words()
                .Matches(text)
                .Concat(Letters().Matches(text))
                .Select(word => Known.GetValueOrDefault(word.Value))
                .OfType<string>()
                .Distinct(),
        ];

    private static DomainGuess? OfIntensities((string Id, string Path)[] cases, string[] ids, int mostRead)
    {
        ILookup<string, (string Id, string Path)> byPrefix = cases.ToLookup(found => Prefix(found.Id));
        bool prefixesTell = byPrefix.Count > 1 && byPrefix.Count <= mostRead && cases.Length > mostRead;
        (string Id, string Path)[] read = prefixesTell
            ? [.. byPrefix.Select(group => group.First())]
            : [.. cases.Where((_, i) => (long)i * mostRead / cases.Length != (long)(i - 1) * mostRead / cases.Length || i == 0)];
        string?[] kinds = [.. read.Select(found => KindOf(found.Path))];
        if (kinds.Contains(null))
            return null;
        string evidence =
            $"the intensities of {read.Length} of {cases.Length} cases (values below {HounsfieldBelow}: Hounsfield units)";
        if (kinds.Distinct().Count() == 1)
            return Make(new Dictionary<string, List<string>> { [kinds[0]!] = [] }, [], evidence);
        Dictionary<string, string> kindOf = prefixesTell
            ? read.Zip(kinds)
                .SelectMany(pair => byPrefix[Prefix(pair.First.Id)].Select(found => (found.Id, pair.Second)))
                .ToDictionary(pair => pair.Id, pair => pair.Second!)
            : read.Zip(kinds).ToDictionary(pair => pair.First.Id, pair => pair.Second!);
        return kindOf.Count == cases.Length ? Make(Grouped(ids, ids.Select(id => kindOf[id])), ids, evidence) : null;
    }

    /// <summary>Patterns for groups of cases; one group needs no names.</summary>
    private static DomainGuess Make(Dictionary<string, List<string>> groups, string[] all, string evidence) =>
        new(
            groups.ToDictionary(
                group => group.Key,
                group =>
                    groups.Count == 1
                        ? ["*"]
                        : (IReadOnlyList<string>)(Pattern(group.Value, all) is { } one ? [one] : group.Value)
            ),
            evidence
        );

    private static Dictionary<string, List<string>> Grouped(string[] ids, IEnumerable<string> modalities) =>
        ids.Zip(modalities)
            .GroupBy(pair => pair.Second)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Select(pair => pair.First).ToList());

    /// <summary>What only the names of these cases begin or end with; null where that is nothing.</summary>
    private static string? Pattern(List<string> ids, string[] all)
    {
        string first = ids[0];
        int start = Enumerable
            .Range(0, first.Length + 1)
            .Last(n => ids.All(id => id.StartsWith(first[..n], StringComparison.Ordinal)));
        int end = Enumerable
            .Range(0, first.Length + 1)
            .Last(n => ids.All(id => id.EndsWith(first[(first.Length - n)..], StringComparison.Ordinal)));
        // Digits number cases: those to come have others.
        string prefix = first[..start].TrimEnd([.. "0123456789"]),
            suffix = first[(first.Length - end)..].TrimStart([.. "0123456789"]);
        if (prefix.Length > 0 && all.Count(id => id.StartsWith(prefix, StringComparison.Ordinal)) == ids.Count)
            return prefix + "*";
        return
            suffix.Length > 0
            && suffix.Length < first.Length
            && all.Count(id => id.EndsWith(suffix, StringComparison.Ordinal)) == ids.Count
            ? "*" + suffix
            : null;
    }

    private static IEnumerable<(string Id, string Path)> Cases(string folder) =>
        from part in new[] { "imagesTr", "imagesTs" }
        let path = Path.Combine(folder, part)
        where Directory.Exists(path)
        from image in Try(() => NiftiFolder.Scan(path).Volumes) ?? []
        let name = Channel.Split(image.Name)
        where name?.Number == 0
        select (name.Value.Case, image.Path);

    private static string? KindOf(string path) =>
        Try(() => NiftiFile.Open(path).ToFloatVolume()) is { } image ? OfMinimum(image.Voxels.Min()) : null;

    private static T? Try<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return null; // A guess must not hide what it was asked for.
        }
    }

    /// <summary>Names of channels in a dataset.json; empty where it has none.</summary>
    public static string[] ChannelNames(JsonElement manifest) =>
        manifest.TryGetProperty("channel_names", out JsonElement names) && names.ValueKind == JsonValueKind.Object
            ?
            [
                .. names
                    .EnumerateObject()
                    .Select(name => name.Value.ValueKind == JsonValueKind.String ? name.Value.GetString()! : ""),
            ]
            : [];

    private static string Prefix(string id) => Letters().Match(id) is { Success: true, Index: 0 } match ? match.Value : "";

    private static string Text(string value) => JsonSerializer.Serialize(value, Format);

    [GeneratedRegex("[A-Za-z0-9]+")]
    private static partial Regex Words();

    [GeneratedRegex("[A-Za-z]+")]
    private static partial Regex Letters();
}
