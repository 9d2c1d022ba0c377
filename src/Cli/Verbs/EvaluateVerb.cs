using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Evaluation;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Imaging.Pictures;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>Which part of a dataset.</summary>
internal enum SplitPart
{
    Val,
    Test,
    All,
}

[Verb(
    "evaluate",
    HelpText = "Score whole volumes per case, organ and modality: a run on a dataset, or label maps of any program. A run on images is "
        + "scored by class."
)]
internal sealed class EvaluateVerb : VolumePredictionVerb
{
    [Option("run", HelpText = "Run folder of a trained network, to predict --data with.")]
    public string? RunPath { get; init; }

    [Option("data", HelpText = "Dataset folder.")]
    public string? Data { get; init; }

    [Option("predictions", HelpText = "Folder of label maps to score against --references, instead of --run and --data.")]
    public string? Predictions { get; init; }

    [Option("references", HelpText = "Folder of reference label maps of the same names.")]
    public string? References { get; init; }

    [Option(
        "classes",
        HelpText = "With --predictions: names of the labels from 1 on, separated by commas; those of dataset.json beside "
            + "the references if not given."
    )]
    public IEnumerable<string> Classes { get; init; } = [];

    [AtLeast(0)]
    [Option("tolerance", Default = 2.0, HelpText = "Of the normalized surface Dice, mm.")]
    public double Tolerance { get; init; }

    [Option(
        "split",
        Default = SplitPart.Val,
        HelpText = "Which cases. Of images: val is what the run was validated on, test the test images, all the training images."
    )]
    public SplitPart Split { get; init; }

    [AtLeast(0)]
    [Option("fold", HelpText = "Which split of splits_final.json; the run's own if not given.")]
    public int? Fold { get; init; }

    [Option(
        "other-data",
        HelpText = "The data have nothing to do with those that the run was made from: cases of the same names are not compared."
    )]
    public bool OtherData { get; init; }

    [Option("json", HelpText = "Also write the report to this file.")]
    public string? Json { get; init; }

    [Option("csv", HelpText = "Also write a table of all cases and organs to this file.")]
    public string? Csv { get; init; }

    [Option("markdown", HelpText = "Also write the summary to this file.")]
    public string? Markdown { get; init; }

    public override int Run(string[] arguments)
    {
        ResultFiles.Check(Overwrite, ("--json", Json), ("--csv", Csv), ("--markdown", Markdown));
        if (
            (RunPath, Data) is ({ } path, { } folder)
            && RunFolder.Open(path).Config is { Method.Task: TrainingTask.Images } config
        )
            return EvaluateImages(path, config, folder);
        EvaluationReport report = (RunPath, Data, Predictions, References) switch
        {
            ({ } run, { } data, null, null) => EvaluateRun(run, data),
            (null, null, { } predictions, { } references) => EvaluateFolders(predictions, references),
            _ => throw new UsageException("evaluate needs either --run and --data, or --predictions and --references"),
        };
        EvaluationTable.Write(report);
        if (Json is not null)
            EvaluationFiles.WriteJson(report, Json);
        if (Csv is not null)
            EvaluationFiles.WriteCsv(report, Csv);
        if (Markdown is not null)
            EvaluationFiles.WriteMarkdown(report, Markdown);
        return ReportFailed(report.Failed, report.Failed.Count + report.Cases.Count, "cases were not scored");
    }

    private int EvaluateImages(string path, TrainingConfig config, string folder)
    {
        var dataset = ImageDataset.Open(folder);
        var selection = ImageSelection.Of(dataset, config.Images, config.Training.Seed);
        ImageSet images = Split switch
        {
            SplitPart.Val => selection.Validation,
            SplitPart.Test => dataset.Test,
            SplitPart.All => dataset.Train,
            _ => throw new InvalidOperationException($"no part {Split}"),
        };
        if (images.Count == 0)
            throw new InvalidDataException($"'{folder}': the split '{Split.ToString().ToLowerInvariant()}' has no images");
        using OpenedBackend opened = OpenBackend(Threads);
        using var run = ClassifierRun.Open(path, opened.Backend, Last, Warn);
        run.RequireMatch(dataset, OtherData);
        ClassificationReport report = run.Evaluate(images);
        ClassificationTable.Write(report, run.Judge(images));
        if (Json is not null)
            ClassificationFiles.WriteJson(report, Json);
        if (Csv is not null)
            ClassificationFiles.WriteCsv(report, Csv);
        if (Markdown is not null)
            ClassificationFiles.WriteMarkdown(report, Markdown);
        Console.WriteLine($"weights of step {run.Step}");
        return ExitCode.Ok;
    }

    private EvaluationReport EvaluateFolders(string predictions, string references)
    {
        LabelFolders folders = LabelFolders.Open(predictions, references, NameList.Parse("--classes", Classes));
        foreach (string note in folders.Notes)
            Note(note);
        return folders.Evaluate(Tolerance);
    }

    private EvaluationReport EvaluateRun(string run, string data) =>
        TfRecordDataset.Exists(data) ? EvaluateRecords(run, data) : EvaluateVolumes(run, data);

    private EvaluationReport EvaluateRecords(string run, string data)
    {
        TfRecordDataset records = TfRecordDataset.Open(data);
        var validation = new RecordValidation(records);
        if (validation.Count == 0)
            throw new InvalidDataException($"'{data}': no list and no file name says which records are for validation");
        using OpenedBackend opened = OpenBackend(Threads);
        using TrainedRun model = OpenModel(run, opened.Backend);
        if (!OtherData && model.Provenance?.Data.DifferenceTo(DataIdentity.Of(records)) is { } difference)
            throw RunProvenance.Contradiction(run, difference);
        return validation.Evaluate(model.Predictor, model.Description.Classes);
    }

    private EvaluationReport EvaluateVolumes(string run, string data)
    {
        SegmentationDataset dataset = SegmentationDataset.Open(data);
        int? fold =
            Fold
            ?? (
                !OtherData && RunProvenance.Find(run) is { } provenance && provenance.Knows(dataset)
                    ? provenance.Data.Split.Fold
                    : null
            );
        IReadOnlyList<DatasetCase> cases = CasesOf(dataset, fold ?? 0);
        using OpenedBackend opened = OpenBackend(Threads);
        using TrainedRun model = OpenModel(run, opened.Backend);
        var evaluation = new ModelEvaluation(
            model,
            Tolerance,
            labels => KeepLargest(labels, model.Description.Classes),
            OtherData
        );
        evaluation.RequireDataOf(dataset, Fold, Split == SplitPart.All ? [] : cases);
        RequireKnownOrgans(model.Description.Classes);

        var evaluated = new CaseByCase();
        var pictures = new Dictionary<string, OverlayRow>();
        foreach (DatasetCase source in cases)
        {
            evaluated.Add(
                source.Id,
                () =>
                {
                    EvaluatedCase one = evaluation.Evaluate(source);
                    foreach (string warning in one.Warnings)
                        Warn(warning);
                    pictures.TryAdd(
                        one.Result.Modality,
                        new OverlayRow($"{one.Result.Modality} {source.Id}", one.Image, one.Reference, one.Prediction)
                    );
                    return one.Result;
                }
            );
        }

        EvaluationReport report = evaluated.Report(evaluation.Organs, Tolerance);
        string picture = Path.Combine(model.Folder.PicturesPath, $"overlay-{Split.ToString().ToLowerInvariant()}.png");
        Directory.CreateDirectory(model.Folder.PicturesPath);
        OverlayPicture.Write(picture, [.. pictures.Values], evaluation.Organs);
        Console.WriteLine($"weights of step {model.Step}; picture: {picture}");
        return report;
    }

    private IReadOnlyList<DatasetCase> CasesOf(SegmentationDataset dataset, int fold)
    {
        IReadOnlyList<DatasetCase> cases = Split switch
        {
            SplitPart.Val => dataset.Split(fold).Validation,
            SplitPart.Test => Labelled(dataset.TestCases.Count > 0 ? dataset.TestCases : dataset.Split(fold).Test),
            SplitPart.All => Labelled([.. dataset.Cases, .. dataset.TestCases]),
            _ => throw new InvalidOperationException($"no part {Split}"),
        };
        return cases.Count > 0
            ? cases
            : throw new InvalidDataException(
                $"'{Data}': the split '{Split.ToString().ToLowerInvariant()}' has no case with a reference segmentation; "
                    + "choose another --split"
            );
    }

    private static IReadOnlyList<DatasetCase> Labelled(IReadOnlyList<DatasetCase> cases) =>
        [.. cases.Where(c => c.LabelPath is not null)];
}
