using System.Text.Json;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Runs.Provenance;

/// <summary>
/// What a run was made from and how: provenance.json of its folder. Whoever goes on with the run, or judges it, is held against
/// it.
/// </summary>
/// <param name="Data">The data, case by case.</param>
/// <param name="Arithmetic">Device and precision.</param>
/// <param name="Settings">All settings that results depend on.</param>
/// <param name="Changes">Where the run went on in another way, first to last.</param>
public sealed record RunProvenance(
    DataIdentity Data,
    Arithmetic Arithmetic,
    IReadOnlyDictionary<string, string> Settings,
    IReadOnlyList<RunChange> Changes
)
{
    public const string FileName = "provenance.json";

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Of a run folder; null for runs from before there was one.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static RunProvenance? Find(string runPath)
    {
        string path = Path.Combine(runPath, FileName);
        if (!File.Exists(path))
            return null;
        RunProvenance read = JsonFile.Read<RunProvenance>(path, Format);
        return read.IsComplete
            ? read
            : throw new InvalidDataException($"'{path}': has null in a list, expected names and numbers");
    }

    /// <summary>The serializer refuses null for members, not for what lists hold.</summary>
    private bool IsComplete =>
        AreThere(Data.Modalities)
        && AreThere(Data.Classes)
        && AreThere(Data.Split.Train)
        && AreThere(Data.Split.Validation)
        && AreThere(Data.Split.Test)
        && AreThere(Data.Cases.Values)
        && AreThere(Settings.Values)
        && AreThere(Changes);

    private static bool AreThere(IEnumerable<object?> items) => items.All(item => item is not null);

    public void Write(string runPath) => JsonFile.Write(Path.Combine(runPath, FileName), this, Format);

    /// <summary>
    /// What is another in a run's own files: model.json and, of config.yaml, what predictions depend on; null where nothing is.
    /// </summary>
    public string? DifferenceToModel(ModelDescription model, TrainingConfig config) =>
        DifferenceToModel(model.Modalities, model.Classes, config);

    /// <summary>The same of a model that classifies images.</summary>
    public string? DifferenceToModel(ClassifierDescription model, TrainingConfig config) =>
        DifferenceToModel(Data.Modalities, model.ClassNames, config);

    private string? DifferenceToModel(IReadOnlyList<string> modalities, IReadOnlyList<string> classes, TrainingConfig config) =>
        DataIdentity.DifferenceOfNames(Data.Modalities, Data.Classes, modalities, classes) is { } renamed
            ? $"{ModelDescription.FileName}: {renamed}"
        : RunSettings
            .Differences(Settings, RunSettings.Of(config))
            .FirstOrDefault(setting => RunSettings.MattersForPrediction(setting.Split(' ')[0]))
            is { } changed
            ? $"config.yaml: {changed}"
        : null;

    /// <summary>Whether a dataset has cases of the names that the run was made with.</summary>
    public bool Knows(SegmentationDataset dataset) => dataset.Cases.Any(c => Data.Cases.ContainsKey(c.Id));

    /// <summary>What is another in the modalities of a dataset's cases, which need not be read; null where nothing is.</summary>
    public string? DifferenceOfNames(SegmentationDataset dataset) =>
        dataset
            .Cases.Concat(dataset.TestCases)
            .Select(now =>
                Data.Cases.TryGetValue(now.Id, out CaseFingerprint? known) && known.Modality != now.Modality.Name
                    ? $"case '{now.Id}' was of modality {known.Modality} and is of {now.Modality.Name} now"
                    : null
            )
            .FirstOrDefault(difference => difference is not null);

    /// <summary>
    /// What speaks against judging the run on cases as such that it did not learn from; null where nothing does.
    /// </summary>
    /// <param name="dataset">Theirs.</param>
    /// <param name="fold">That was asked for; null for the run's own.</param>
    /// <param name="unseen">The cases.</param>
    public string? DifferenceToJudged(SegmentationDataset dataset, int? fold, IReadOnlyList<DatasetCase> unseen)
    {
        if (fold is { } asked && asked != Data.Split.Fold && Knows(dataset))
            return $"it was made with fold {Data.Split.Fold}, not {asked}";
        return unseen.FirstOrDefault(c => Data.Split.Train.Contains(c.Id)) is { } trained
            ? $"'{trained.Id}' was a training case and is to be judged on now"
            : null;
    }

    /// <summary>
    /// What is another in a case that was read; null where it is the one that the run was made with, or the run never saw it.
    /// </summary>
    public string? DifferenceTo(LoadedCase now) =>
        Data.Cases.TryGetValue(now.Id, out CaseFingerprint? known) && known.DifferenceTo(now.Fingerprint) is { } difference
            ? $"case '{now.Id}' {difference}"
            : null;

    /// <summary>Refuses to judge a run on data that contradict those it was made from.</summary>
    public static InvalidDataException Contradiction(string runPath, string difference) =>
        new(
            $"'{runPath}': {difference}; give it the data that it was made from, or say --other-data if they have nothing "
                + "to do with them"
        );

    /// <summary>
    /// The case that a volume is, where the run knows it under another modality than the volume is said to be of.
    /// </summary>
    public string? OtherModalityOf(LoadedCase volume)
    {
        CaseFingerprint now = volume.Fingerprint;
        return Data
            .Cases.Where(known => known.Value.Image == now.Image && known.Value.Modality != now.Modality)
            .Select(known => $"it is the case '{known.Key}', which is of modality {known.Value.Modality}")
            .FirstOrDefault();
    }

    /// <summary>What is another now, as the rest of a sentence; null where the run may go on.</summary>
    public string? DifferenceTo(RunProvenance now) =>
        RunSettings.Differences(Settings, now.Settings).FirstOrDefault()
        ?? Data.DifferenceTo(now.Data)
        ?? Arithmetic.DifferenceTo(now.Arithmetic);
}
