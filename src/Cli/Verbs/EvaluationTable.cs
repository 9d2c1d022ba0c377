using System.Globalization;
using Spectre.Console;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>Shows an evaluation as two tables: per case, and per modality.</summary>
internal static class EvaluationTable
{
    private const string NotApplicable = "n/a";
    private const int RedirectedWidth = 160;

    public static void Write(EvaluationReport report, long step)
    {
        Table cases = NewTable("case", "modality", report.Organs);
        foreach (CaseResult result in report.Cases)
            cases.AddRow([result.Id, result.Modality, .. report.Organs.Select(organ => Text(result.Dice[organ])), Text(result.Dice.Values.Average())]);

        Table summary = NewTable("modality", "cases", report.Organs);
        foreach (string modality in report.Modalities)
        {
            summary.AddRow([
                modality, report.Cases.Count(c => c.Modality == modality).ToString(CultureInfo.InvariantCulture),
                .. report.Organs.Select(organ => Text(report.Dice[modality][organ])), Text(report.MeanDice[modality])]);
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = RedirectedWidth;
        console.Write(cases);
        console.Write(summary);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"Dice over whole volumes, weights of step {step}; mean over modalities {Text(report.OverallDice)}; n/a: absent from prediction and reference"));
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
