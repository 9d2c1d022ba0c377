using System.Globalization;
using Spectre.Console;
using UnpairedSegEngine.Classification.Evaluation;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>Shows how well images were classified: a table by class, and the scores of all together.</summary>
internal static class ClassificationTable
{
    private const string NotApplicable = "n/a";

    /// <param name="report">The scores.</param>
    /// <param name="others">What the method says of itself, by name.</param>
    public static void Write(ClassificationReport report, IReadOnlyList<KeyValuePair<string, double>> others)
    {
        Table table = new Table().RoundedBorder();
        table.AddColumn("class");
        string[] columns = ["images", "recall", "precision", "F1", .. report.IsMultiLabel ? new[] { "AP" } : []];
        foreach (string name in columns)
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (ClassScores scores in report.Classes)
            table.AddRow([
                Markup.Escape(scores.Name),
                scores.Images.ToString(CultureInfo.InvariantCulture),
                Text(scores.Recall),
                Text(scores.Precision),
                Text(scores.F1),
                .. report.IsMultiLabel ? new[] { Text(scores.AveragePrecision) } : [],
            ]);
        WideConsole.Write(table);
        (string Name, double? Value)[] together =
        [
            ("accuracy", report.Accuracy),
            ("mAP", report.MeanAveragePrecision),
            ("mean F1", report.MeanF1),
            ("overall F1", report.OverallF1),
            ("mean CorLoc", report.MeanCorLoc),
            ("cross-entropy", report.CrossEntropy),
            .. others.Select(other => (other.Key.Replace('_', ' '), (double?)other.Value)),
        ];
        Console.WriteLine(
            $"{report.Images} images: "
                + string.Join(
                    ", ",
                    together.Where(score => score.Value is not null).Select(score => $"{score.Name} {Text(score.Value)}")
                )
        );
    }

    private static string Text(double? value) =>
        value is { } number && double.IsFinite(number) ? number.ToString("F4", CultureInfo.InvariantCulture) : NotApplicable;
}
