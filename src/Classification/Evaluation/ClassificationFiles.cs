using System.Globalization;
using System.Text.Json;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Evaluation;

/// <summary>A report as JSON, CSV or Markdown.</summary>
public static class ClassificationFiles
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private static readonly IReadOnlyList<(string Name, Func<ClassScores, double?> Value)> Columns =
    [
        ("recall", scores => scores.Recall),
        ("precision", scores => scores.Precision),
        ("f1", scores => scores.F1),
        ("average_precision", scores => scores.AveragePrecision),
        ("cor_loc", scores => scores.CorLoc),
    ];

    /// <summary>All of it, with keys images, is_multi_label, cross_entropy, accuracy, mean_average_precision, mean_f1,
    /// overall_f1, mean_cor_loc, classes and confusion.</summary>
    public static void WriteJson(ClassificationReport report, string path) => JsonFile.Write(path, report, Format);

    /// <summary>Reads back what <see cref="WriteJson"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file is missing or no such report.</exception>
    public static ClassificationReport ReadJson(string path)
    {
        ClassificationReport report = JsonFile.Read<ClassificationReport>(path, Format);
        return report.Classes is { Count: > 0 } classes && classes.All(scores => scores is { Name: not null })
            ? report
            : throw new InvalidDataException($"'{path}': a report of a classifier without classes");
    }

    /// <summary>A row per class; a score that does not exist is an empty field.</summary>
    public static void WriteCsv(ClassificationReport report, string path) =>
        AtomicFile.WriteText(
            path,
            writer =>
            {
                writer.WriteLine(string.Join(',', ["class", "images", .. Columns.Select(column => column.Name)]));
                foreach (ClassScores scores in report.Classes)
                {
                    writer.WriteLine(
                        string.Join(
                            ',',
                            [
                                TableText.CsvField(scores.Name),
                                scores.Images.ToString(CultureInfo.InvariantCulture),
                                .. Columns.Select(column =>
                                    column.Value(scores)?.ToString("R", CultureInfo.InvariantCulture) ?? ""
                                ),
                            ]
                        )
                    );
                }
            }
        );

    /// <summary>The scores of all classes together, a table by class, and the confusion matrix where there is one.</summary>
    public static void WriteMarkdown(ClassificationReport report, string path) =>
        AtomicFile.WriteText(
            path,
            writer =>
            {
                (string Name, double? Value)[] together =
                [
                    ("accuracy", report.Accuracy),
                    ("mAP", report.MeanAveragePrecision),
                    ("mean F1", report.MeanF1),
                    ("overall F1", report.OverallF1),
                    ("mean CorLoc", report.MeanCorLoc),
                    ("cross-entropy", report.CrossEntropy),
                ];
                writer.WriteLine($"{report.Images} images\n");
                writer.WriteLine("| score | value |\n|---|---:|");
                foreach ((string name, double? value) in together.Where(score => score.Value is not null))
                    writer.WriteLine($"| {name} | {Text(value)} |");
                WriteClasses(report, writer);
                if (report.Confusion is { } confusion)
                    WriteConfusion(report.Classes, confusion, writer);
                WriteDefinitions(writer);
            }
        );

    private static void WriteClasses(ClassificationReport report, TextWriter writer)
    {
        var columns = Columns.Where(column => report.Classes.Any(scores => column.Value(scores) is not null)).ToArray();
        writer.WriteLine($"\n| class | images |{string.Concat(columns.Select(column => $" {column.Name} |"))}");
        writer.WriteLine($"|---|---:|{string.Concat(columns.Select(_ => "---:|"))}");
        foreach (ClassScores scores in report.Classes)
        {
            string values = string.Concat(columns.Select(column => $" {Text(column.Value(scores))} |"));
            writer.WriteLine($"| {TableText.MarkdownCell(scores.Name)} | {scores.Images} |{values}");
        }
    }

    private static void WriteConfusion(
        IReadOnlyList<ClassScores> classes,
        IReadOnlyList<IReadOnlyList<int>> confusion,
        TextWriter writer
    )
    {
        writer.WriteLine(
            $"\n| label \\ predicted |{string.Concat(classes.Select(scores => $" {TableText.MarkdownCell(scores.Name)} |"))}"
        );
        writer.WriteLine($"|---|{string.Concat(classes.Select(_ => "---:|"))}");
        foreach ((ClassScores scores, IReadOnlyList<int> row) in classes.Zip(confusion))
            writer.WriteLine($"| {TableText.MarkdownCell(scores.Name)} |{string.Concat(row.Select(count => $" {count} |"))}");
    }

    private static void WriteDefinitions(TextWriter writer) =>
        writer.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""

                - Scores that do not exist (n/a) are left out of means.
                - Several labels: an image is said to have those of probability {ClassificationReport.Threshold} or more.
                - Average precision: area under the interpolated curve (PASCAL VOC from 2010 on); equals are ranked by their place.
                - CorLoc: share of images with a label whose best box overlaps an object of the class by {Localization.LeastOverlap}.
                - Cross-entropy: probabilities below {ClassificationReport.ProbabilityFloor} count as that.
                """
            )
        );

    private static string Text(double? value) => value?.ToString("F4", CultureInfo.InvariantCulture) ?? "n/a";
}
