using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>Finds the cases of foreign datasets and makes one dataset of them.</summary>
internal sealed class ImportPlanner(ImportOptions options)
{
    /// <summary>The first that a path is decides: a plain folder is any folder.</summary>
    private static readonly IImportFormat[] Formats =
    [
        new CsvFormat(),
        new NnUnetFormat(),
        new DecathlonFormat(),
        new PlainFolderFormat(),
    ];

    /// <summary>Reads lists and names, and of datasets without class names the labels.</summary>
    /// <exception cref="UsageException">What was asked for is not possible.</exception>
    /// <exception cref="InvalidDataException">A dataset is wrong, or says too little.</exception>
    public ImportPlan Plan()
    {
        (string? Modality, ImportSource Source)[] sources =
        [
            .. options.Sources.Select(source => (source.Modality, Read(source.Path))),
        ];
        IReadOnlyList<string> channels = Channels([.. sources.Select(source => source.Source)]);
        PlannedCase[] cases =
        [
            .. sources
                .SelectMany(source => Cases(source.Source, source.Modality, sources.Length > 1, channels.Count))
                .OrderBy(c => c.From.Part == ImportPart.Test)
                .ThenBy(c => c.Id, StringComparer.Ordinal),
        ];
        RequireFiles(cases);
        RequireNames(cases);
        return new ImportPlan(
            cases,
            ImportClasses.Of([.. sources.Select(source => source.Source)], options, ValuesIn),
            channels,
            Folds(sources, cases),
            [.. sources.SelectMany(source => source.Source.Notes)]
        );
    }

    private ImportSource Read(string path)
    {
        if (!File.Exists(path) && !Directory.Exists(path))
            throw new UsageException($"'{path}': no such file or folder");
        IImportFormat format =
            Formats.FirstOrDefault(known => known.IsIn(path))
            ?? throw new UsageException(
                $"'{path}': is no dataset that can be imported; known are: {string.Join("; ", Formats.Select(f => f.Description))}"
            );
        ImportSource source = format.Read(path, options);
        return source.Cases.Count > 0 ? source : throw new InvalidDataException($"'{path}': lists no cases ({source.Format})");
    }

    private static IReadOnlyList<string> Channels(ImportSource[] sources)
    {
        ImportSource first = sources[0];
        if (sources.FirstOrDefault(source => source.Channels.Count != first.Channels.Count) is { } other)
            throw new InvalidDataException(
                $"'{first.Path}' has {first.Channels.Count} images per case, but '{other.Path}' {other.Channels.Count}; datasets "
                    + "that are joined have the same channels"
            );
        if (first.Channels.Count == 1)
            return ["intensity"];
        return sources.FirstOrDefault(source => !source.Channels.SequenceEqual(first.Channels)) is { } named
            ? throw new InvalidDataException(
                $"'{first.Path}' has the channels {string.Join(", ", first.Channels)}, but '{named.Path}' "
                    + $"{string.Join(", ", named.Channels)}; datasets that are joined have the same channels"
            )
            : first.Channels;
    }

    private IEnumerable<PlannedCase> Cases(ImportSource source, string? asked, bool isJoined, int channels)
    {
        foreach (ImportCase found in source.Cases)
        {
            string? modality = asked ?? found.Modality;
            if (modality is null && (channels == 1 || isJoined))
                throw new UsageException($"{found.Where}: nothing says of which modality it is{Guess(found, source)}");
            if (modality is not null && !DatasetLabels.IsName(modality))
                throw new UsageException($"{found.Where}: modality '{modality}': expected a name, {DatasetLabels.Name}");
            string id = FileName.Encode(found.Id);
            yield return new PlannedCase(
                isJoined && !id.StartsWith(modality!, StringComparison.OrdinalIgnoreCase)
                    ? $"{FileName.Encode(modality!.ToLowerInvariant())}_{id}"
                    : id,
                modality,
                source,
                found
            );
        }
    }

    /// <summary>The rest of a sentence; reads the image.</summary>
    private string Guess(ImportCase found, ImportSource source)
    {
        string example = source.Format == "CSV" ? "add a column modality, or write" : "write";
        string kind;
        try
        {
            NiftiImage image = options.Opener.Open(found.Images[0], found.Spacing);
            double least = double.PositiveInfinity;
            image.ReadScaled((_, block) => least = Math.Min(least, block.ToArray().Min()));
            kind = DomainGuess.OfMinimum((float)least);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return $"; {example} CT={source.Path}";
        }

        return $"; {example} {kind}={source.Path}, if it is {kind}, as the intensities of '{found.Images[0]}' suggest";
    }

    private static void RequireFiles(PlannedCase[] cases)
    {
        foreach (PlannedCase c in cases)
        {
            foreach (string path in c.From.Images.Concat(c.From.Label is { } label ? [label] : []))
            {
                if (!File.Exists(path) && !Directory.Exists(path))
                    throw new InvalidDataException($"{c.From.Where}: '{path}' is missing");
            }
        }
    }

    private static void RequireNames(PlannedCase[] cases)
    {
        if (cases.GroupBy(c => c.Id, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InvalidDataException(
                $"{twice.First().From.Where} and {twice.Last().From.Where} would both be the case '{twice.Key}'; name cases in a "
                    + "CSV file (column case)"
            );
    }

    private IReadOnlyList<int> ValuesIn(ImportSource source) =>
        [
            .. source
                .Cases.Where(found => found.Label is not null)
                .SelectMany(found => LabelConversion.ValuesIn(options.Opener.Open(found.Label!, found.Spacing)))
                .Distinct()
                .Order(),
        ];

    /// <summary>Those of the only source, or the one that a CSV file says.</summary>
    private static IReadOnlyList<(HashSet<string> Train, HashSet<string> Validation)> Folds(
        (string? Modality, ImportSource Source)[] sources,
        PlannedCase[] cases
    )
    {
        if (sources.Length == 1 && sources[0].Source.Folds.Count > 0)
            return sources[0].Source.Folds;
        return cases.Any(c => c.From.Part == ImportPart.Validation)
            ? [(Named(ImportPart.Train), Named(ImportPart.Validation))]
            : [];

        HashSet<string> Named(ImportPart part) => [.. cases.Where(c => c.From.Part == part).Select(c => c.Id)];
    }
}
