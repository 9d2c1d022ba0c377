using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Runs.Progress;

/// <summary>What is drawn over itself: a bar, the losses, the latest validation and what the ones before it came to.</summary>
internal sealed class LiveProgress(IAnsiConsole console, LiveDisplayContext display) : IProgressView
{
    private const int BarWidth = 40;
    private const int MostValidations = 6;

    private readonly Queue<(long Step, ValidationReport Report)> history = new();
    private IRenderable step = Text.Empty;
    private IRenderable validation = Text.Empty;

    public void Show(StepReport report)
    {
        step = new Rows(Cell(Line(report)), LossTable(report));
        Draw();
    }

    public void Show(long step, ValidationReport report)
    {
        history.Enqueue((step, report));
        if (history.Count > MostValidations)
            history.Dequeue();
        validation = history.Count == 1 ? Latest(step, report) : new Rows(Latest(step, report), History(report.Metric));
        Draw();
    }

    public void Note(string line) => console.WriteLine(line);

    private void Draw()
    {
        display.UpdateTarget(new Rows(step, validation));
        display.Refresh();
    }

    private static string Line(StepReport report)
    {
        int full = (int)(BarWidth * report.Step / Math.Max(1, report.Steps));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"[{new string('#', full)}{new string('.', BarWidth - full)}] step {report.Step} / {report.Steps}   "
                + $"{ProgressText.Milliseconds(report.StepTime)} per step, waiting for data {ProgressText.Percent(report.DataWait)}   "
                + $"left {ProgressText.Duration(report.Remaining)}"
        );
    }

    /// <summary>A column per loss: names above values, as wide as they are.</summary>
    private static Table LossTable(StepReport report) =>
        NewTable("loss", [.. report.Losses.Select(loss => ProgressText.LossName(loss.Key))])
            .AddRow([Text.Empty, .. report.Losses.Select(loss => Cell(ProgressText.Loss(loss.Value)))]);

    private static Table Latest(long step, ValidationReport report)
    {
        string[] organs = [.. report.Items.Select(score => score.Item).Distinct()];
        Table table = NewTable(
            string.Create(CultureInfo.InvariantCulture, $"{report.Metric} at step {step}"),
            [.. organs, "mean"]
        );
        foreach (IGrouping<string, ItemScore> modality in report.Items.GroupBy(score => score.Group))
        {
            table.AddRow([
                Cell(modality.Key),
                .. organs.Select(organ =>
                    Cell(ProgressText.Score(modality.FirstOrDefault(score => score.Item == organ)?.Value ?? double.NaN))
                ),
                Cell(ProgressText.Score(ProgressText.Mean(modality))),
            ]);
        }

        return table;
    }

    /// <summary>The means of the latest validations, a column each.</summary>
    private Table History(string metric)
    {
        Table table = NewTable($"mean {metric}", [.. history.Select(entry => entry.Step.ToString(CultureInfo.InvariantCulture))]);
        foreach (string modality in history.SelectMany(entry => entry.Report.Items).Select(score => score.Group).Distinct())
        {
            table.AddRow([
                Cell(modality),
                .. history.Select(entry =>
                    Cell(ProgressText.Score(ProgressText.Mean(entry.Report.Items.Where(score => score.Group == modality))))
                ),
            ]);
        }

        return table;
    }

    private static Table NewTable(string first, string[] others)
    {
        Table table = new Table().RoundedBorder().AddColumn(new TableColumn(Cell(first)));
        foreach (string name in others)
            table.AddColumn(new TableColumn(Cell(name)).RightAligned());
        return table;
    }

    /// <remarks>Not markup: names of organs may hold brackets.</remarks>
    private static Text Cell(string text) => new(text);
}
