using System.Globalization;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Evaluation;
using UnpairedSegEngine.Classification.Inference;
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
        using var classifier = TrainedClassifier.Open(run, model, backend, latest, warn);
        IReadOnlyList<float[]> scores = classifier.Predictor.Scores(
            new ImageSet(model.Shape, model.ClassNames.Count, model.IsMultiLabel, images),
            stop
        );
        Directory.CreateDirectory(output);
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
