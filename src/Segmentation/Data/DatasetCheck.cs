using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text.Json;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Reads a whole dataset and says all that is wrong with it: dataset.json, folders, splits, and every volume of every case, each
/// read once, one at a time.
/// </summary>
internal sealed class DatasetCheck
{
    /// <summary>Cases that a line names before it says how many more there are.</summary>
    private const int NamedCases = 5;

    private readonly List<Finding> findings = [];
    private readonly List<CheckedCase> read = [];
    private readonly SortedSet<string> strange = new(StringComparer.Ordinal);

    private DatasetCheck(SegmentationDataset dataset) => Dataset = dataset;

    /// <summary>What is left of the dataset without what cannot be used.</summary>
    public SegmentationDataset Dataset { get; }

    /// <summary>Errors first, each part in the order of the cases.</summary>
    public IReadOnlyList<Finding> Findings => [.. findings.OrderBy(finding => finding.Severity)];

    /// <summary>What the key 'domains' may be; null where it is there, or nothing speaks for a guess.</summary>
    public DomainGuess? Domains { get; private init; }

    /// <summary>Checks a dataset.</summary>
    /// <param name="folder">The dataset's.</param>
    /// <param name="take">Is given the dataset and every case that has an image that can be read.</param>
    /// <exception cref="InvalidDataException">Its dataset.json is none, so nothing of it can be checked.</exception>
    public static DatasetCheck Of(string folder, Action<SegmentationDataset, DatasetCase, LoadedCase>? take = null)
    {
        Problems problems = Problems.Collected();
        SegmentationDataset dataset = SegmentationDataset.Open(folder, problems);
        bool isUnknown = dataset.Modalities is [{ Name: DatasetManifest.UnknownModality }];
        var check = new DatasetCheck(dataset) { Domains = isUnknown ? GuessOf(folder) : null };
        check.findings.AddRange(problems.All.Select(problem => Finding.Error(problem)));
        foreach (DatasetCase source in dataset.Cases.Concat(dataset.TestCases))
            check.Read(source, take);
        if (!isUnknown)
        {
            check.CheckModalities();
            check.CheckSplits();
        }

        if (check.strange.Count > 0)
            check.findings.Add(
                Finding.Warning(
                    $"modality CT: {Named([.. check.strange])} have no value below {DomainGuess.HounsfieldBelow}, so no Hounsfield "
                        + "units: check 'domains', and data.normalization"
                )
            );
        check.CheckOrientations();
        check.CheckDuplicates();
        return check;
    }

    private static DomainGuess? GuessOf(string folder)
    {
        using JsonDocument manifest = JsonFile.Parse(Path.Combine(folder, DatasetManifest.FileName), distinct: false);
        return manifest.RootElement.TryGetProperty("domains", out _)
            ? null
            : DomainGuess.Of(folder, DomainGuess.ChannelNames(manifest.RootElement), int.MaxValue);
    }

    private void Read(DatasetCase source, Action<SegmentationDataset, DatasetCase, LoadedCase>? take)
    {
        Problems problems = Problems.Collected();
        LoadedCase? loaded = problems.Try(() => CaseReader.Read(source, Dataset.ClassNames, problems), null);
        findings.AddRange(problems.All.Select(problem => Finding.Error(problem, source.Id)));
        if (loaded is null)
            return;
        foreach ((Volume<float> image, ChannelImage file) in loaded.Images.Zip(source.Images))
        {
            (float least, float most) = (image.Voxels.Min(), image.Voxels.Max());
            if (!float.IsFinite(least) || !float.IsFinite(most))
                continue;
            if (least == most)
                Warn(source, $"image '{file.Path}' has the value {least:G5} in every voxel, so it shows nothing");
            else if (source.Modality.Name == "CT" && DomainGuess.OfMinimum(least) != "CT")
                strange.Add(source.Id);
        }

        if (loaded.Labels is { } labels && !labels.Voxels.Any(label => label is not (0 or LabelValue.Ignored)))
            Warn(source, $"label '{source.LabelPath}' shows nothing but background");
        read.Add(
            new CheckedCase(
                source,
                loaded.Geometry,
                loaded.Labels is { } map ? ClassesIn(map, Dataset.ClassNames.Count) : null,
                Convert.ToHexStringLower(XxHash128.Hash(MemoryMarshal.AsBytes(loaded.Images[0].Voxels.AsSpan())))
            )
        );
        take?.Invoke(Dataset, source, loaded);
    }

    private void Warn(DatasetCase source, FormattableString text) =>
        findings.Add(Finding.Warning($"case '{source.Id}': {FormattableString.Invariant(text)}", source.Id));

    private void CheckModalities()
    {
        foreach (Modality modality in Dataset.Modalities)
        {
            CheckedCase[] training = [.. read.Where(c => c.Source.Modality == modality && Dataset.Cases.Contains(c.Source))];
            if (!Dataset.Cases.Concat(Dataset.TestCases).Any(c => c.Modality == modality))
                findings.Add(
                    Finding.Error($"modality {modality.Name}: no case belongs to it; correct 'domains' of {ManifestPath}")
                );
            foreach ((int label, string name) in Dataset.ClassNames.Index().Skip(1))
            {
                if (training.Length > 0 && !training.Any(c => c.Classes?[label] == true))
                    findings.Add(Finding.Warning($"modality {modality.Name}: no case in imagesTr shows {name} (label {label})"));
            }
        }
    }

    private void CheckSplits()
    {
        string path = Path.Combine(Dataset.Folder, SplitFile.FileName);
        if (Dataset.Cases.Count == 0)
            return;
        Problems problems = Problems.Collected();
        int folds = File.Exists(path) ? problems.Try(() => SplitFile.CountFolds(path), 0) : 1;
        for (int fold = 0; fold < folds; fold++)
        {
            int number = fold;
            problems.Try(() => Dataset.Split(number));
        }

        findings.AddRange(problems.All.Select(problem => Finding.Error(problem)));
    }

    /// <remarks>Training turns all to one orientation; programs that do not read headers see them mirrored.</remarks>
    private void CheckOrientations()
    {
        IGrouping<string, CheckedCase>[] groups =
        [
            .. read.GroupBy(c => c.Grid.AxisCodes).OrderByDescending(group => group.Count()),
        ];
        if (groups.Length > 1)
            findings.Add(
                Finding.Warning(
                    "volumes have several orientations: "
                        + string.Join(
                            "; ",
                            groups.Select((group, i) => $"{group.Key} {(i == 0 ? $"({group.Count()} cases)" : Named(group))}")
                        )
                )
            );
    }

    private void CheckDuplicates()
    {
        foreach (
            IGrouping<(string, string), CheckedCase> group in read.GroupBy(c => (c.Hash, c.Grid.ShapeText()))
                .Where(group => group.Count() > 1)
        )
        {
            bool isLeak =
                group.Any(c => Dataset.Cases.Contains(c.Source)) && group.Any(c => Dataset.TestCases.Contains(c.Source));
            findings.Add(
                Finding.Warning(
                    $"cases {Named(group)} have the same image"
                        + (isLeak ? ", in imagesTr and in imagesTs: scores of the test would be too good" : "; remove the copies")
                )
            );
        }
    }

    private string ManifestPath => $"'{Path.Combine(Dataset.Folder, DatasetManifest.FileName)}'";

    private static string Named(IEnumerable<CheckedCase> cases) => Named([.. cases.Select(c => c.Source.Id)]);

    private static string Named(string[] ids) =>
        string.Join(", ", ids.Take(NamedCases)) + (ids.Length > NamedCases ? $" and {ids.Length - NamedCases} more" : "");

    private static bool[] ClassesIn(Volume<byte> labels, int count)
    {
        var present = new bool[byte.MaxValue + 1];
        foreach (byte label in labels.Voxels)
            present[label] = true;
        return present[..Math.Max(count, 1)];
    }

    /// <param name="Source">The case.</param>
    /// <param name="Grid">Of its first image.</param>
    /// <param name="Classes">Which its reference segmentation shows; null where it has none.</param>
    /// <param name="Hash">Of the voxels of its first image.</param>
    private sealed record CheckedCase(DatasetCase Source, Geometry Grid, bool[]? Classes, string Hash);
}
