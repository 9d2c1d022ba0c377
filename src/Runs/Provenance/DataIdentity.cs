using System.IO.Hashing;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Runs.Provenance;

/// <summary>The data that a run was made from.</summary>
/// <param name="Folder">Where it lay. Another place is no contradiction.</param>
/// <param name="Description">XxHash128 of dataset.json, for the record: what of it matters is compared by itself.</param>
/// <param name="Preprocessing">XxHash128 of preprocessing.json; null for volumes as they came.</param>
/// <param name="Modalities">By modality index.</param>
/// <param name="Classes">By label value, background first.</param>
/// <param name="Split">Which cases are for what.</param>
/// <param name="Cases">What the training and validation cases hold, by name.</param>
public sealed record DataIdentity(
    string Folder,
    string? Description,
    string? Preprocessing,
    IReadOnlyList<string> Modalities,
    IReadOnlyList<string> Classes,
    SplitIdentity Split,
    IReadOnlyDictionary<string, CaseFingerprint> Cases
)
{
    /// <summary>Of a dataset of volumes whose cases were not read yet.</summary>
    public static DataIdentity Of(SegmentationDataset dataset, int fold, DatasetSplit split) =>
        new(
            Path.GetFullPath(dataset.Folder),
            HashOf(Path.Combine(dataset.Folder, DatasetManifest.FileName)),
            HashOf(Path.Combine(dataset.Folder, PreprocessingRecord.FileName)),
            [.. dataset.Modalities.Select(m => m.Name)],
            dataset.ClassNames,
            SplitIdentity.Of(fold, split),
            new Dictionary<string, CaseFingerprint>()
        );

    /// <summary>Of a folder of records, each of whose files counts as a case.</summary>
    public static DataIdentity Of(TfRecordDataset dataset)
    {
        IReadOnlyList<RecordFile> files = dataset.Files;
        var split = new SplitIdentity(
            0,
            [.. files.Where(file => file.IsTraining).Select(file => file.Name)],
            [.. files.Where(file => !file.IsTraining).Select(file => file.Name)],
            []
        );
        return new DataIdentity(
            Path.GetFullPath(dataset.Folder),
            null,
            null,
            [.. dataset.Modalities.Select(m => m.Name)],
            dataset.ClassNames,
            split,
            files.DistinctBy(file => file.Name).ToDictionary(file => file.Name, file => file.Fingerprint)
        );
    }

    /// <summary>Of images with labels, all of which together count as one case.</summary>
    public static DataIdentity Of(ImageDataset dataset)
    {
        const string images = "images";
        return new DataIdentity(
            Path.GetFullPath(dataset.Folder),
            null,
            null,
            [images],
            dataset.ClassNames,
            new SplitIdentity(0, [images], [], []),
            new Dictionary<string, CaseFingerprint>
            {
                [images] = new(
                    images,
                    [dataset.Shape.Height, dataset.Shape.Width, dataset.Shape.Channels],
                    [],
                    dataset.Fingerprint,
                    null
                ),
            }
        );
    }

    /// <summary>
    /// What is another in the data now, as the rest of a sentence; null where nothing is. Cases are compared as far as both sides
    /// know them.
    /// </summary>
    public string? DifferenceTo(DataIdentity now) =>
        DifferenceOfNames(Modalities, Classes, now.Modalities, now.Classes)
        ?? DifferenceOfCases(now.Cases)
        ?? Split.DifferenceTo(now.Split)
        ?? (
            Preprocessing == now.Preprocessing
                ? null
                : $"{PreprocessingRecord.FileName} "
                    + $"{(Preprocessing is null ? "is new" : now.Preprocessing is null ? "is gone" : "changed")}"
        );

    /// <summary>The same of modalities and classes alone.</summary>
    internal static string? DifferenceOfNames(
        IReadOnlyList<string> modalities,
        IReadOnlyList<string> classes,
        IReadOnlyList<string> modalitiesNow,
        IReadOnlyList<string> classesNow
    ) => Renamed("modality", modalities, modalitiesNow, first: 1) ?? Renamed("label", classes, classesNow, first: 0);

    /// <summary>The same of cases alone.</summary>
    public string? DifferenceOfCases(IReadOnlyDictionary<string, CaseFingerprint> now) =>
        Cases
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair =>
                now.TryGetValue(pair.Key, out CaseFingerprint? other) && pair.Value.DifferenceTo(other) is { } difference
                    ? $"case '{pair.Key}' {difference}"
                    : null
            )
            .FirstOrDefault(difference => difference is not null);

    private static string? Renamed(string what, IReadOnlyList<string> before, IReadOnlyList<string> now, int first)
    {
        for (int i = 0; i < Math.Max(before.Count, now.Count); i++)
        {
            string? was = before.ElementAtOrDefault(i),
                becomes = now.ElementAtOrDefault(i);
            if (was != becomes)
                return $"{what} {first + i} was {Quoted(was)} and is {Quoted(becomes)} now";
        }

        return null;
    }

    private static string Quoted(string? name) => name is null ? "absent" : $"'{name}'";

    private static string? HashOf(string path) =>
        File.Exists(path) ? Convert.ToHexStringLower(XxHash128.Hash(File.ReadAllBytes(path))) : null;
}
