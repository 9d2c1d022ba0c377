using System.Globalization;
using Spectre.Console;
using UnpairedSegEngine.Imaging.Metrics;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>Shows an evaluation as two tables: Dice per case, and all scores per modality and organ.</summary>
internal static class EvaluationTable
{
    private const string NotApplicable = "n/a";
    private const int RedirectedWidth = 200;

    public static void Write(EvaluationReport report)
    {
        Table cases = NewTable("case", "modality", report.Organs);
        foreach (CaseResult result in report.Cases)
            cases.AddRow([result.Id, result.Modality, .. report.Organs.Select(organ => Text(result.Dice[organ])), Text(result.Dice.Values.Average())]);

        Table summary = new() { Border = TableBorder.Rounded };
        summary.AddColumns("modality", "organ", "cases");
        foreach ((string name, _, _) in StructureScores.Metrics)
            summary.AddColumn(new TableColumn(name).RightAligned());
        summary.AddColumn(new TableColumn("missed").RightAligned());
        summary.AddColumn(new TableColumn("hallucinated").RightAligned());
        foreach (string modality in report.Modalities)
        {
            foreach (string organ in report.Organs)
            {
                OrganSummary scores = report.Summary[modality][organ];
                summary.AddRow([
                    modality, Markup.Escape(organ), (report.Cases.Count(c => c.Modality == modality) - scores.Absent).ToString(CultureInfo.InvariantCulture),
                    .. StructureScores.Metrics.Select(metric => Text(scores.Scores[metric.Name])),
                    scores.Missed.ToString(CultureInfo.InvariantCulture), scores.Hallucinated.ToString(CultureInfo.InvariantCulture)]);
            }
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = RedirectedWidth;
        console.Write(cases);
        console.Write(summary);
        string means = string.Join(", ", report.Modalities.Select(modality => $"{modality} {Text(report.MeanDice[modality])}"));
        Console.WriteLine($"mean Dice over organs: {means}; over modalities {Text(report.OverallDice)}; n/a: absent from prediction and reference");
    }

    private static Table NewTable(string first, string second, IReadOnlyList<string> organs)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn(first);
        table.AddColumn(second);
        foreach (string organ in organs)
            table.AddColumn(new TableColumn(Markup.Escape(organ)).RightAligned());
        table.AddColumn(new TableColumn("mean").RightAligned());
        return table;
    }

    private static string Text(double? dice) => dice?.ToString("F3", CultureInfo.InvariantCulture) ?? NotApplicable;

    private static string Text(ScoreSummary summary) => summary.Mean is { } mean
        ? string.Create(CultureInfo.InvariantCulture, $"{mean:F3} ± {summary.Deviation:F3}")
        : NotApplicable;
}
