using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Pictures;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>Which part of a dataset.</summary>
internal enum SplitPart
{
    Val,
    Test,
    All,
}

[Verb("evaluate", HelpText = "Predict whole volumes of a dataset and report Dice per case, organ and modality.")]
internal sealed class EvaluateVerb : DeviceVerb
{
    [Option("run", Required = true, HelpText = "Run folder of a trained network.")]
    public string RunPath { get; init; } = "";

    [Option("data", Required = true, HelpText = "Dataset folder.")]
    public string Data { get; init; } = "";

    [Option("split", Default = SplitPart.Val, HelpText = "Which cases.")]
    public SplitPart Split { get; init; }

    [Option("fold", Default = 0, HelpText = "Which split of splits_final.json.")]
    public int Fold { get; init; }

    [Option("json", HelpText = "Also write the report to this file.")]
    public string? Json { get; init; }

    [Option("last", HelpText = "The newest weights instead of those with the best validation.")]
    public bool Last { get; init; }

    [Option("threads", Default = 0, HelpText = "Threads; 0 for all cores.")]
    public int Threads { get; init; }

    public override int Run(string[] arguments)
    {
        SegmentationDataset dataset = SegmentationDataset.Open(Data);
        IReadOnlyList<DatasetCase> cases = CasesOf(dataset);
        using OpenedBackend opened = OpenBackend(Threads);
        using TrainedModel model = TrainedModel.Open(RunPath, opened.Backend, Last, Console.Error.WriteLine);
        if (!dataset.ClassNames.SequenceEqual(model.Description.Classes))
            throw new InvalidDataException($"'{Data}': has the classes {string.Join(", ", dataset.ClassNames)}, but the model was trained on {string.Join(", ", model.Description.Classes)}");

        var evaluator = new CaseEvaluator(model.Predictor, model.Description.Classes);
        var results = new List<CaseResult>();
        var pictures = new Dictionary<string, OverlayRow>();
        foreach (DatasetCase source in cases)
        {
            LoadedCase loaded = CaseReader.Read(model.Adopt(source), dataset.ClassNames);
            Volume<byte> reference = loaded.Labels ?? throw new InvalidDataException($"case '{source.Id}': has no reference segmentation to evaluate against");
            PreparedCase prepared = PreparedCase.Prepare(loaded, model.Description.Preprocessing, dataset.ClassNames.Count);
            (CaseResult result, Volume<byte> prediction) = evaluator.Evaluate(prepared, reference);
            results.Add(result);
            pictures.TryAdd(result.Modality, new OverlayRow($"{result.Modality} {result.Id}", loaded.Image, reference, prediction));
        }

        var report = new EvaluationReport(results, evaluator.Organs);
        EvaluationTable.Write(report, model.Step);
        string picture = Path.Combine(model.Run.PicturesPath, $"overlay-{Split.ToString().ToLowerInvariant()}.png");
        Directory.CreateDirectory(model.Run.PicturesPath);
        OverlayPicture.Write(picture, [.. pictures.Values], evaluator.Organs);
        Console.WriteLine($"picture: {picture}");
        if (Json is not null)
            report.WriteJson(Json);
        return ExitCode.Ok;
    }

    private IReadOnlyList<DatasetCase> CasesOf(SegmentationDataset dataset)
    {
        DatasetSplit split = dataset.Split(Fold);
        IReadOnlyList<DatasetCase> cases = Split switch
        {
            SplitPart.Val => split.Validation,
            SplitPart.Test => [.. split.Test.Where(c => c.LabelPath is not null)],
            _ => [.. split.Train, .. split.Validation, .. split.Test.Where(c => c.LabelPath is not null)],
        };
        return cases.Count > 0 ? cases
            : throw new InvalidDataException($"'{Data}': the split '{Split.ToString().ToLowerInvariant()}' has no case with a reference segmentation; choose another --split");
    }
}
