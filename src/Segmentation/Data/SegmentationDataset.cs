using UnpairedSegEngine.Random;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// A dataset of unpaired modalities, or of co-registered channels, in the nnU-Net v2 raw layout: dataset.json (see
/// <see cref="DatasetManifest"/>), imagesTr/CASE_0000.nii.gz, imagesTr/CASE_0001.nii.gz and so on, labelsTr/CASE.nii.gz, and
/// optionally imagesTs, labelsTs and splits_final.json.
/// </summary>
public sealed class SegmentationDataset
{
    private const int GeneratedFolds = 5;
    private const ulong SplitSeed = 12345;

    private readonly DatasetManifest manifest;

    private SegmentationDataset(string folder, DatasetManifest manifest, Problems problems)
    {
        Folder = folder;
        this.manifest = manifest;
        var folders = new DatasetFolders(folder, manifest, problems);
        TestCases = folders.Find("imagesTs", "labelsTs", labelRequired: Directory.Exists(Path.Combine(folder, "labelsTs")));
        Cases = folders.Find("imagesTr", "labelsTr", labelRequired: true);
        Notes = folders.Notes;
        if (Cases.Count == 0 && TestCases.Count == 0)
            problems.Add($"{NoTrainingCases}{WhatElseIsThere}");
        if (manifest.TrainingCount is int announced && announced != Cases.Count && Cases.Count > 0)
            problems.Add(
                $"'{ManifestPath}': numTraining is {announced}, but imagesTr holds {Cases.Count} cases: add what is "
                    + "missing or correct the number"
            );
    }

    /// <summary>The dataset's folder.</summary>
    public string Folder { get; }

    /// <summary>The dataset's name.</summary>
    public string Name => manifest.Name;

    /// <summary>The modalities in dataset.json's order.</summary>
    public IReadOnlyList<Modality> Modalities => manifest.Modalities;

    /// <summary>The co-registered images of every case, by number.</summary>
    public IReadOnlyList<Channel> Channels => manifest.Channels;

    /// <summary>Class names by label value; the first is the background.</summary>
    public IReadOnlyList<string> ClassNames => manifest.ClassNames;

    /// <summary>The value in label files of voxels that losses and metrics leave out; null where there is none.</summary>
    public int? IgnoredLabel => manifest.IgnoredLabel;

    /// <summary>What was passed over in the folders, one line each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The cases of imagesTr, sorted by name; none in a dataset of test cases only.</summary>
    public IReadOnlyList<DatasetCase> Cases { get; }

    /// <summary>The cases of imagesTs, sorted by name; none where there is no such folder.</summary>
    public IReadOnlyList<DatasetCase> TestCases { get; }

    private string NoTrainingCases =>
        $"'{Path.Combine(Folder, "imagesTr")}': no image files, expected CASE{Channels[0].Suffix}{manifest.FileEnding}";

    private string WhatElseIsThere =>
        Directory
            .EnumerateDirectories(Folder)
            .Select(path => Path.GetFileName(path)!)
            .Where(name => name is not ("imagesTr" or "labelsTr" or "imagesTs" or "labelsTs"))
            .Order(StringComparer.Ordinal)
            .ToArray()
            is { Length: > 0 } others
            ? $"; '{Folder}' holds {string.Join(", ", others.Take(4))}"
            : "";

    private string ManifestPath => Path.Combine(Folder, DatasetManifest.FileName);

    /// <summary>Reads dataset.json and checks that every case has its files and exactly one modality.</summary>
    /// <exception cref="InvalidDataException">Something is missing or contradictory; the message says what and where.</exception>
    public static SegmentationDataset Open(string folder) => Open(folder, Problems.Thrown);

    /// <summary>The same; problems may be collected, so that the dataset is what is left without what is wrong.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Open(string)"/>; where problems are collected only if dataset.json
    /// cannot be read.</exception>
    internal static SegmentationDataset Open(string folder, Problems problems)
    {
        if (!Directory.Exists(folder))
            throw new InvalidDataException($"'{folder}': no such dataset folder");
        string manifestPath = Path.Combine(folder, DatasetManifest.FileName);
        return File.Exists(manifestPath)
            ? new SegmentationDataset(folder, DatasetManifest.Read(manifestPath, problems), problems)
            : throw new InvalidDataException(
                $"'{folder}': no {DatasetManifest.FileName}, expected a dataset in the nnU-Net v2 raw layout"
            );
    }

    /// <summary>
    /// One fold: from splits_final.json where there is one, else one of five made by shuffling the cases of each
    /// modality with a fixed seed, groups of cases as one. The test cases are those of imagesTs,
    /// or, without it, those that the fold names nowhere.
    /// </summary>
    /// <exception cref="InvalidDataException">The split names an unknown case, leaves a modality without training cases, or parts
    /// a group.</exception>
    /// <param name="fold">From 0.</param>
    /// <param name="splitFile">Another file than the dataset's own splits_final.json.</param>
    /// <exception cref="UsageException">There is no such fold.</exception>
    public DatasetSplit Split(int fold = 0, string? splitFile = null)
    {
        if (Cases.Count == 0)
            throw new InvalidDataException(
                $"{NoTrainingCases}; the dataset has test cases only, which evaluate takes with --split test"
            );
        string path = splitFile ?? Path.Combine(Folder, SplitFile.FileName);
        bool fromFile = File.Exists(path);
        string origin = fromFile ? $"'{path}': fold {fold}" : $"'{Folder}': generated fold {fold}";
        (HashSet<string> train, HashSet<string> validation) = fromFile
            ? SplitFile.ReadFold(path, fold)
            : GenerateFold(fold, GeneratedFolds);

        string? unknown = train.Concat(validation).Except(Cases.Select(c => c.Id)).Order(StringComparer.Ordinal).FirstOrDefault();
        if (unknown is not null)
            throw new InvalidDataException($"{origin} names case '{OneLine.Of(unknown)}', which is not in imagesTr");
        DatasetCase[] trainCases = [.. Cases.Where(c => train.Contains(c.Id))];
        Modality? empty = Modalities.FirstOrDefault(m => !trainCases.Any(c => c.Modality == m));
        if (empty is not null)
            throw new InvalidDataException($"{origin} has no training case of modality {empty.Name}, expected at least one");
        IReadOnlyList<DatasetCase> test =
            TestCases.Count > 0 ? TestCases : [.. Cases.Where(c => !train.Contains(c.Id) && !validation.Contains(c.Id))];
        var split = new DatasetSplit(trainCases, [.. Cases.Where(c => validation.Contains(c.Id))], test);
        return CaseGroups.SharedBy(split) is { } shared
            ? throw new InvalidDataException($"{origin} has {shared}: put all cases of a group on one side")
            : split;
    }

    /// <summary>
    /// Writes a splits_final.json with that many folds: those of the dataset's own file where it has one, else made by shuffling
    /// the cases of each modality with a
    /// fixed seed. A case is a subject, or belongs to a group, so no subject is on both sides of a fold.
    /// </summary>
    /// <exception cref="UsageException">There are not so many folds or cases.</exception>
    public void WriteSplits(string path, int folds)
    {
        string own = Path.Combine(Folder, SplitFile.FileName);
        if (File.Exists(own))
        {
            int available = SplitFile.CountFolds(own);
            if (folds > available)
                throw new UsageException($"{folds} folds: '{own}' has {available}; remove the file to have folds made");
        }
        else if (folds > 1 && Modalities.FirstOrDefault(m => Cases.Count(c => c.Modality == m) < folds) is { } few)
        {
            throw new UsageException($"{folds} folds: modality {few.Name} has {Cases.Count(c => c.Modality == few)} cases only");
        }

        SplitFile.Write(
            path,
            Enumerable
                .Range(0, folds)
                .Select(fold =>
                    File.Exists(own) ? SplitFile.ReadFold(own, fold) : GenerateFold(fold, folds > 1 ? folds : GeneratedFolds)
                )
        );
    }

    private (HashSet<string> Train, HashSet<string> Validation) GenerateFold(int fold, int generated)
    {
        if (fold < 0 || fold >= generated)
            throw new UsageException($"fold {fold}: without {SplitFile.FileName} there are the folds 0 to {generated - 1}");
        if (Cases.Any(c => c.Group is not null))
            return GroupedFolds.Make(Cases, fold, generated, SplitSeed);
        var train = new HashSet<string>(StringComparer.Ordinal);
        var validation = new HashSet<string>(StringComparer.Ordinal);
        foreach (Modality modality in Modalities)
        {
            string[] ids = [.. Cases.Where(c => c.Modality == modality).Select(c => c.Id)];
            var stream = new PhiloxStream(SplitSeed, (uint)modality.Index, 0, 0);
            for (int last = ids.Length - 1; last > 0; last--)
            {
                int other = stream.NextIndex(last + 1);
                (ids[last], ids[other]) = (ids[other], ids[last]);
            }
            int folds = Math.Min(generated, ids.Length);
            for (int i = 0; i < ids.Length; i++)
            {
                bool heldOut = folds > 1 && i % folds == fold % folds;
                (heldOut ? validation : train).Add(ids[i]);
            }
        }
        return (train, validation);
    }
}
