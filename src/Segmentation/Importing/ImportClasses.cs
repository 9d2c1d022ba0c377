using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>The classes of the new dataset, and what the label values of each source become.</summary>
internal sealed class ImportClasses
{
    private const string Ignore = "ignore";
    private const int MostNamed = 20;

    private readonly IReadOnlyDictionary<ImportSource, IReadOnlyDictionary<int, byte>> tables;

    private ImportClasses(
        IReadOnlyList<string> names,
        IReadOnlyDictionary<ImportSource, IReadOnlyDictionary<int, byte>> tables,
        bool restIsBackground
    ) => (Names, this.tables, RestIsBackground) = (names, tables, restIsBackground);

    /// <summary>By label value; the first is the background.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Whether a value without a class becomes background.</summary>
    public bool RestIsBackground { get; }

    /// <summary>Decides the classes.</summary>
    /// <param name="sources">The datasets.</param>
    /// <param name="options">With the classes that were asked for, if any.</param>
    /// <param name="valuesIn">The label values of a dataset without names, in order; it may have to read all labels.</param>
    /// <exception cref="UsageException">Classes that were asked for are not there, or would be lost.</exception>
    /// <exception cref="InvalidDataException">The datasets do not agree, or say too little.</exception>
    public static ImportClasses Of(
        IReadOnlyList<ImportSource> sources,
        ImportOptions options,
        Func<ImportSource, IReadOnlyList<int>> valuesIn
    )
    {
        string[] names = WithIgnoreLast(
            options.Classes is { } chosen ? [.. chosen.Select(c => c.Name)] : Found(sources, valuesIn)
        );
        if (names.Length is 0 or >= byte.MaxValue)
            throw new InvalidDataException($"there are {names.Length} classes, expected 1 to {byte.MaxValue - 1}");
        foreach (string name in names)
        {
            if (!DatasetLabels.IsName(name) || DatasetLabels.Simplified(name) == DatasetLabels.Background)
                throw new UsageException($"class '{name}': expected another name than background, {DatasetLabels.Name}");
            if (names.Count(other => DatasetLabels.Simplified(other) == DatasetLabels.Simplified(name)) > 1)
                throw new UsageException($"class '{name}' is given twice; letter case and blanks do not count");
        }

        return new ImportClasses(
            [DatasetLabels.Background, .. names],
            sources.ToDictionary(source => source, source => TableOf(source, names, options)),
            options.RestIsBackground
        );
    }

    /// <summary>What the label values of a source become.</summary>
    public IReadOnlyDictionary<int, byte> TableOf(ImportSource source) => tables[source];

    /// <summary>The classes that the sources name, or values without names.</summary>
    private static string[] Found(IReadOnlyList<ImportSource> sources, Func<ImportSource, IReadOnlyList<int>> valuesIn)
    {
        ImportSource[] named = [.. sources.Where(source => source.Labels is not null)];
        if (named.Length > 0)
        {
            string[][] lists = [.. named.Select(Foreground)];
            int other = Array.FindIndex(lists, list => !list.ToHashSet(StringComparer.Ordinal).SetEquals(lists[0]));
            return other < 0
                ? lists[0]
                : throw new InvalidDataException(
                    $"'{named[0].Path}' labels {string.Join(", ", lists[0])}, but '{named[other].Path}' "
                        + $"{string.Join(", ", lists[other])}: an organ that one of them leaves unlabelled would be learnt as "
                        + "background. Choose the common ones: --classes NAME,... --rest-is-background"
                );
        }

        int[] values = [.. sources.SelectMany(valuesIn).Where(value => value != 0).Distinct().Order()];
        return values.SequenceEqual(Enumerable.Range(1, values.Length)) && values.Length > 0
            ? [.. values.Select(value => $"class_{value}")]
            : throw new InvalidDataException(
                $"the labels hold the values {string.Join(", ", values.Take(MostNamed))}{(values.Length > MostNamed ? ", ..." : "")} "
                    + $"beside 0: name the classes, such as --classes {string.Join(",", values.Take(2).Select(value => $"NAME={value}"))}"
            );
    }

    private static IReadOnlyDictionary<int, byte> TableOf(ImportSource source, string[] names, ImportOptions options)
    {
        var table = new Dictionary<int, byte> { [0] = 0 };
        for (int i = 0; i < names.Length; i++)
        {
            int value =
                options.Classes?.FirstOrDefault(choice => choice.Name == names[i])?.Value
                ?? (
                    source.Labels is null ? i + 1
                    : source.Labels.TryGetValue(names[i], out int own) ? own
                    : throw new UsageException(
                        $"--classes: '{source.Path}' has no class '{names[i]}'; it has {string.Join(", ", Foreground(source))}"
                    )
                );
            if (!table.TryAdd(value, (byte)(i + 1)))
                throw new UsageException($"--classes: '{names[i]}' has the value {value}, as another class or the background");
        }

        string[] lost = source.Labels is null
            ? []
            : [.. source.Labels.Where(label => !table.ContainsKey(label.Value)).Select(label => label.Key)];
        return lost.Length == 0 || options.RestIsBackground
            ? table
            : throw new UsageException(
                $"--classes: '{source.Path}' has {string.Join(", ", lost)}, too; name them, or let them become background with "
                    + "--rest-is-background"
            );
    }

    private static string[] Foreground(ImportSource source) =>
        [.. source.Labels!.Where(label => label.Value != 0).OrderBy(label => label.Value).Select(label => label.Key)];

    /// <remarks>nnU-Net wants the reserved label behind all classes.</remarks>
    private static string[] WithIgnoreLast(string[] names) =>
        [.. names.Where(name => name != Ignore), .. names.Where(name => name == Ignore)];
}
