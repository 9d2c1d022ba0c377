using System.Runtime.ExceptionServices;
using System.Text.Json;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>PNG files with labels.csv or labels.json, or in a folder for each class.</summary>
internal sealed class PngFolder : IDatasetFormat
{
    /// <summary>Names of files of a dataset.</summary>
    public const string LabelsJson = "labels.json",
        LabelsCsv = "labels.csv",
        Train = "train",
        Test = "test";

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        AllowDuplicateProperties = false,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    public string Description => "PNG files with labels.csv, with labels.json, or in folders train/CLASS/ and test/CLASS/";

    public bool IsIn(string folder) =>
        File.Exists(Path.Combine(folder, LabelsJson))
        || File.Exists(Path.Combine(folder, LabelsCsv))
        || (Directory.Exists(Path.Combine(folder, Train)) && Directory.EnumerateDirectories(Path.Combine(folder, Train)).Any());

    public ImageDataset Read(string folder)
    {
        Listing listing = ListingOf(folder);
        BoxFiles boxes = BoxFiles.Read(folder, listing.ClassNames);
        (ImageShape Shape, byte[] Pixels)[] images = ReadAll(folder, listing.Entries);
        ImageShape shape = images[0].Shape;
        var sets = new Dictionary<string, List<LabelledImage>> { [Train] = [], [Test] = [] };
        foreach ((Entry entry, (ImageShape own, byte[] pixels)) in listing.Entries.Zip(images))
        {
            if (own != shape)
                throw new InvalidDataException(
                    $"'{Path.Combine(folder, entry.File)}': is {own} (height, width, channels), but {listing.Entries[0].File} {shape}; "
                        + "all images must be of one size"
                );
            sets[entry.Split].Add(boxes.AddTo(new LabelledImage(entry.File, pixels, entry.Classes), shape));
        }

        boxes.RequireKnown(listing.Entries.Select(entry => entry.File));
        return new ImageDataset(folder, listing.ClassNames, SetOf(Train), SetOf(Test));

        ImageSet SetOf(string split) => new(shape, listing.ClassNames.Count, listing.IsMultiLabel, sets[split]);
    }

    private static Listing ListingOf(string folder)
    {
        string json = Path.Combine(folder, LabelsJson),
            csv = Path.Combine(folder, LabelsCsv);
        if (File.Exists(json) && File.Exists(csv))
            throw new InvalidDataException($"'{folder}': has both {LabelsJson} and {LabelsCsv}; keep one of them");
        Listing listing =
            File.Exists(json) ? OfJson(json)
            : File.Exists(csv) ? OfCsv(folder, csv)
            : OfFolders(folder);
        if (listing.Entries.Count == 0)
            throw new InvalidDataException($"'{folder}': lists no images");
        if (listing.Entries.GroupBy(entry => entry.File).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InvalidDataException($"'{folder}': lists {OneLine.Of(twice.Key)} twice");
        return listing;
    }

    private static Listing OfJson(string path)
    {
        StoredLabels stored = JsonFile.Read<StoredLabels>(path, Format);
        if (stored.Classes is not { } names || !names.All(ClassNameFile.IsName))
            throw new InvalidDataException($"'{path}': classes is missing, or has an entry that is no name");
        if (stored.Images is not { } images)
            throw new InvalidDataException($"'{path}': images is missing");
        return Make(
            names,
            stored.MultiLabel,
            images.Select(
                (image, i) =>
                    image is { File: not null, Split: not null, Labels: not null }
                        ? (image.File, image.Split, image.Labels, $"'{path}', images[{i}]")
                        : throw new InvalidDataException($"'{path}': images[{i}] lacks file, split or labels")
            )
        );
    }

    private static Listing OfCsv(string folder, string path)
    {
        CsvRows rows = CsvRows.Open(path);
        bool isMultiLabel = rows.Has("labels");
        (string, string, IReadOnlyList<string> Labels, string)[] entries =
        [
            .. rows.Select("file", "split", isMultiLabel ? "labels" : "label")
                .Select(row =>
                    (
                        row.Fields[0],
                        row.Fields[1],
                        (IReadOnlyList<string>)(
                            isMultiLabel
                                ? row.Fields[2].Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                                : [row.Fields[2]]
                        ),
                        $"'{path}', line {row.Line}"
                    )
                ),
        ];
        string[] used = [.. entries.SelectMany(entry => entry.Labels).Distinct().Order(StringComparer.Ordinal)];
        return Make(ClassNameFile.TryRead(folder, 0) ?? used, isMultiLabel, entries);
    }

    private static Listing OfFolders(string folder)
    {
        string[] names =
        [
            .. Directory
                .EnumerateDirectories(Path.Combine(folder, Train))
                .Select(path => Path.GetFileName(path))
                .Order(StringComparer.Ordinal),
        ];
        return Make(names, isMultiLabel: false, new[] { Train, Test }.SelectMany(Of));

        IEnumerable<(string, string, IReadOnlyList<string>, string)> Of(string split) =>
            from path in Directory.Exists(Path.Combine(folder, split))
                ? Directory.GetDirectories(Path.Combine(folder, split)).Order(StringComparer.Ordinal)
                : Enumerable.Empty<string>()
            let name = Path.GetFileName(path)
            from file in Directory.EnumerateFiles(path, "*.png").Select(Path.GetFileName).Order(StringComparer.Ordinal)
            select ($"{split}/{name}/{file}", split, (IReadOnlyList<string>)[name], $"'{path}'");
    }

    /// <summary>Checks names, splits and labels of entries.</summary>
    private static Listing Make(
        IReadOnlyList<string> classNames,
        bool isMultiLabel,
        IEnumerable<(string File, string Split, IReadOnlyList<string> Labels, string Where)> entries
    )
    {
        var numbers = new Dictionary<string, int>();
        foreach ((int number, string name) in classNames.Index())
            numbers.TryAdd(name, number);
        return new Listing(classNames, isMultiLabel, [.. entries.Select(Checked)]);

        Entry Checked((string File, string Split, IReadOnlyList<string> Labels, string Where) entry)
        {
            if (entry.File.Length == 0 || !entry.File.Split('/').All(FileName.IsPlain))
                throw Refuse($"file '{entry.File}' is no path within the dataset's folder");
            if (entry.Split is not (Train or Test))
                throw Refuse($"split is '{entry.Split}', expected {Train} or {Test}");
            if (!isMultiLabel && entry.Labels.Count != 1)
                throw Refuse($"has {entry.Labels.Count} labels, expected one (several need the column labels, or multiLabel)");
            string? unknown = entry.Labels.FirstOrDefault(label => !numbers.ContainsKey(label));
            if (unknown is not null)
                throw Refuse($"'{unknown}' is no class; there are {string.Join(", ", classNames)}");
            return new Entry(entry.File, entry.Split, [.. entry.Labels.Select(label => numbers[label]).Distinct().Order()]);

            InvalidDataException Refuse(string problem) => new($"{entry.Where}: {OneLine.Of(problem)}");
        }
    }

    private static (ImageShape Shape, byte[] Pixels)[] ReadAll(string folder, IReadOnlyList<Entry> entries)
    {
        var images = new (ImageShape, byte[])[entries.Count];
        try
        {
            Parallel.For(0, images.Length, i => images[i] = PngImage.Read(Path.Combine(folder, entries[i].File)));
        }
        catch (AggregateException failures)
        {
            // The caller wants the damaged file itself, not a collection of them.
            ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }

        return images;
    }

    private sealed record Entry(string File, string Split, int[] Classes);

    private sealed record Listing(IReadOnlyList<string> ClassNames, bool IsMultiLabel, IReadOnlyList<Entry> Entries);

    /// <summary>labels.json.</summary>
    internal sealed record StoredLabels(
        IReadOnlyList<string>? Classes,
        bool MultiLabel,
        IReadOnlyList<StoredImage?>? Images,
        string? Description = null
    );

    /// <summary>An entry of labels.json.</summary>
    internal sealed record StoredImage(string? File, string? Split, IReadOnlyList<string>? Labels);
}
