using System.Globalization;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Evaluation;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>Probabilities of PNG files by a trained classifier, as a table.</summary>
/// <param name="run">The run folder.</param>
/// <param name="input">A PNG file, or a folder that has some.</param>
/// <param name="output">A folder for the table.</param>
internal sealed class ImagePrediction(string run, string input, string output)
{
    private const string Ending = ".png";

    /// <summary>The table: a row per file with its label, or labels separated by semicolons, and a column per class.</summary>
    public string Table { get; } = Path.Combine(output, "predictions.csv");

    /// <summary>Of a run that says where objects are: a row per file and label, with the place that shows it best.</summary>
    public string BoxTable { get; } = Path.Combine(output, "boxes.csv");

    /// <summary>Classifies all files; those that cannot be read do not stop the others of a folder.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="latest">The newest weights instead of those with the best validation.</param>
    /// <param name="warn">Is told of damaged checkpoints.</param>
    /// <param name="stop">Looked at before each batch.</param>
    /// <returns>Files in all, and those that failed.</returns>
    /// <exception cref="InvalidDataException">There is no PNG file, the only one is bad, or the run is.</exception>
    public (int Files, IReadOnlyList<FailedCase> Failed) Write(
        Backend backend,
        bool latest,
        Action<string> warn,
        CancellationToken stop
    )
    {
        var model = ClassifierDescription.Read(run);
        string[] files = Find();
        var failed = new List<FailedCase>();
        LabelledImage[] images = [.. files.Select(file => TryRead(file, model.Shape, failed)).OfType<LabelledImage>()];
        TrainingConfig config = RunFolder.Open(run).Config;
        Directory.CreateDirectory(output);
        IReadOnlyList<float[]> scores;
        if (config.Definition.Locates(config))
        {
            using var located = ClassifierRun.Open(run, backend, latest, warn);
            IReadOnlyList<ImageFindings> found = located.Locate(SetOf(model, WithProposals(model, images)), stop);
            scores = [.. found.Select(findings => findings.Scores)];
            WriteBoxes(model, images, found);
        }
        else
        {
            using var classifier = TrainedClassifier.Open(run, model, backend, latest, warn);
            scores = classifier.Predictor.Scores(SetOf(model, images), stop);
        }

        AtomicFile.WriteText(
            Table,
            writer =>
            {
                writer.WriteLine(string.Join(',', ["file", "label", .. model.ClassNames.Select(TableText.CsvField)]));
                foreach ((LabelledImage image, float[] row) in images.Zip(scores))
                    writer.WriteLine(
                        string.Join(
                            ',',
                            [
                                TableText.CsvField(image.Name),
                                TableText.CsvField(LabelOf(row, model)),
                                .. row.Select(value => value.ToString("R", CultureInfo.InvariantCulture)),
                            ]
                        )
                    );
            }
        );
        return (files.Length, failed);
    }

    private static ImageSet SetOf(ClassifierDescription model, IReadOnlyList<LabelledImage> images) =>
        new(model.Shape, model.ClassNames.Count, model.IsMultiLabel, images);

    /// <summary>With the proposals that lie beside a folder's images; others are found by their edges.</summary>
    private IReadOnlyList<LabelledImage> WithProposals(ClassifierDescription model, IReadOnlyList<LabelledImage> images)
    {
        if (!Directory.Exists(input))
            return images;
        BoxFiles boxes = BoxFiles.Read(input, model.ClassNames);
        return [.. images.Select(image => boxes.AddTo(image, model.Shape))];
    }

    private void WriteBoxes(
        ClassifierDescription model,
        IReadOnlyList<LabelledImage> images,
        IReadOnlyList<ImageFindings> found
    ) =>
        AtomicFile.WriteText(
            BoxTable,
            writer =>
            {
                writer.WriteLine("file,x1,y1,x2,y2,label,score");
                foreach ((LabelledImage image, ImageFindings findings) in images.Zip(found))
                {
                    foreach ((int k, BoxProposal best) in findings.Best.Index())
                    {
                        if (findings.Scores[k] >= ClassificationReport.Threshold)
                            writer.WriteLine(
                                string.Create(
                                    CultureInfo.InvariantCulture,
                                    $"{TableText.CsvField(image.Name)},{best.Box},{TableText.CsvField(model.ClassNames[k])},{best.Score:R}"
                                )
                            );
                    }
                }
            }
        );

    private string[] Find()
    {
        if (File.Exists(input))
            return [input];
        string[] files = Directory.Exists(input)
            ?
            [
                .. Directory
                    .EnumerateFiles(input, "*", SearchOption.AllDirectories)
                    .Where(file => file.EndsWith(Ending, StringComparison.OrdinalIgnoreCase))
                    .Order(StringComparer.Ordinal),
            ]
            : throw new InvalidDataException($"'{input}': no such file or folder");
        return files.Length > 0 ? files : throw new InvalidDataException($"'{input}': has no PNG file");
    }

    /// <summary>Null where the file is to blame and there may be others.</summary>
    private LabelledImage? TryRead(string file, ImageShape expected, List<FailedCase> failed)
    {
        try
        {
            (ImageShape shape, byte[] pixels) = PngImage.Read(file);
            return shape == expected
                ? new LabelledImage(Directory.Exists(input) ? Path.GetRelativePath(input, file) : file, pixels, [])
                : throw new InvalidDataException($"'{file}': is {shape}, but the model was trained on {expected}");
        }
        catch (Exception e) when (CaseByCase.IsBadData(e) && Directory.Exists(input))
        {
            failed.Add(new FailedCase(file, e.Message));
            return null;
        }
    }

    private static string LabelOf(float[] row, ClassifierDescription model) =>
        model.IsMultiLabel
            ? string.Join(';', model.ClassNames.Where((_, k) => row[k] >= ClassificationReport.Threshold))
            : model.ClassNames[Array.IndexOf(row, row.Max())];
}
