using System.Globalization;
using Spectre.Console;
using UnpairedSegEngine.Imaging.Metrics;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>Shows an evaluation as tables: Dice per case, then overlaps and distances per modality and organ.</summary>
internal static class EvaluationTable
{
    private const string NotApplicable = "n/a";
    private const int RedirectedWidth = 200;

    public static void Write(EvaluationReport report)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = RedirectedWidth;
        console.Write(Cases(report));
        console.Write(Summary(report, ScoreKind.Overlap));
        // Without surfaces (records, validation during training) there is nothing to show.
        if (report.ToleranceMm is not null)
            console.Write(Summary(report, ScoreKind.Distance, ScoreKind.PenalizedDistance));
        string means = string.Join(", ", report.Modalities.Select(modality => $"{modality} {Text(report.MeanDice[modality])}"));
        Console.WriteLine(
            $"mean Dice over organs: {means}; over modalities {Text(report.OverallDice)}; n/a: absent from prediction and "
                + "reference"
        );
        if (report.ToleranceMm is not null)
            Console.WriteLine(
                "found only: mean over organs in both prediction and reference; penalized: a missed or hallucinated "
                    + "organ counts as the diagonal of the volume"
            );
    }

    private static Table Cases(EvaluationReport report)
    {
        Table table = NewTable("case", "modality", [.. report.Organs, "mean"]);
        foreach (CaseResult result in report.Cases)
            table.AddRow([
                Markup.Escape(result.Id),
                Markup.Escape(result.Modality),
                .. report.Organs.Select(organ => Text(result.Dice[organ])),
                Text(result.Dice.Values.Average()),
            ]);
        return table;
    }

    private static Table Summary(EvaluationReport report, params ScoreKind[] kinds)
    {
        ScoreDefinition[] metrics = [.. StructureScores.Metrics.Where(metric => kinds.Contains(metric.Kind))];
        Table table = NewTable(
            "modality",
            "organ",
            ["cases", .. metrics.Select(metric => metric.Heading), "missed", "hallucinated"]
        );
        foreach (string modality in report.Modalities)
        {
            foreach (string organ in report.Organs)
            {
                OrganSummary scores = report.Summary[modality][organ];
                table.AddRow([
                    Markup.Escape(modality),
                    Markup.Escape(organ),
                    Text(report.Cases.Count(c => c.Modality == modality) - scores.Absent),
                    .. metrics.Select(metric => Text(scores.Scores[metric.Name])),
                    Text(scores.Missed),
                    Text(scores.Hallucinated),
                ]);
            }
        }

        return table;
    }

    private static Table NewTable(string first, string second, IReadOnlyList<string> figures)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns(first, second);
        foreach (string figure in figures)
            table.AddColumn(new TableColumn(Markup.Escape(figure)).RightAligned());
        return table;
    }

    private static string Text(int count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Text(double? dice) => dice?.ToString("F3", CultureInfo.InvariantCulture) ?? NotApplicable;

    private static string Text(ScoreSummary summary) =>
        summary.Mean is { } mean
            ? string.Create(CultureInfo.InvariantCulture, $"{mean:F3} ± {summary.Deviation:F3}")
            : NotApplicable;
}
