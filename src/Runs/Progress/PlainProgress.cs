using System.Globalization;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Runs.Progress;

/// <summary>One line per report, for log files and pipes.</summary>
internal sealed class PlainProgress(TextWriter output) : IProgressView
{
    public void Show(StepReport report)
    {
        string losses = string.Join(
            "  ",
            report.Losses.Select(loss => $"{ProgressText.LossName(loss.Key)} {ProgressText.Loss(loss.Value)}")
        );
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"step {report.Step}/{report.Steps}  loss {losses}  {ProgressText.Milliseconds(report.StepTime)}/step  data "
                    + $"wait {ProgressText.Percent(report.DataWait)}  left {ProgressText.Duration(report.Remaining)}"
            )
        );
    }

    public void Show(long step, ValidationReport report)
    {
        foreach (IGrouping<string, ItemScore> modality in report.Items.GroupBy(score => score.Group))
        {
            string organs = string.Join("  ", modality.Select(score => $"{score.Item} {ProgressText.Score(score.Value)}"));
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"validation at step {step}  {modality.Key} {report.Metric} {ProgressText.Score(ProgressText.Mean(modality))}  {organs}"
                )
            );
        }
    }

    public void Note(string line) => output.WriteLine(line);
}
