using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Runs.Progress;

/// <summary>Two tables that are drawn over themselves: the step, and the latest validation.</summary>
internal sealed class LiveProgress(IAnsiConsole console, LiveDisplayContext display) : IProgressView
{
    private IRenderable step = Text.Empty;
    private IRenderable validation = Text.Empty;

    public void Show(StepReport report)
    {
        Table table = NewTable("step", [.. report.Losses.Select(loss => loss.Key), "step time", "data wait", "time left"]);
        table.AddRow([
            Cell(string.Create(CultureInfo.InvariantCulture, $"{report.Step} / {report.Steps}")),
            .. report.Losses.Select(loss => Cell(ProgressText.Loss(loss.Value))),
            Cell(ProgressText.Milliseconds(report.StepTime)),
            Cell(ProgressText.Percent(report.DataWait)),
            Cell(ProgressText.Duration(report.Remaining)),
        ]);
        step = table;
        Draw();
    }

    public void Show(long step, ValidationReport report)
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

        validation = table;
        Draw();
    }

    public void Note(string line) => console.WriteLine(line);

    private void Draw()
    {
        display.UpdateTarget(new Rows(step, validation));
        display.Refresh();
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
