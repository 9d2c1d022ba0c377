using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Runs;

/// <summary>The records of a run in its folder.</summary>
internal sealed class RunRecords(RunFolder run) : IRunRecords
{
    public IMetricLog Open(long lastStep) => new MetricsLog(run, lastStep);

    public void Draw(Action<string> note)
    {
        try
        {
            Directory.CreateDirectory(run.PicturesPath);
            TrainingPlot.Write(run.PlotPath, MetricsLog.Read(run));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            note($"the picture of the curves was not written: {exception.Message}");
        }
    }

    public string WayBack(IReadOnlyList<long> steps) =>
        $"go back with: unpairedseg train --out {run.Path} --resume --from {steps[^1]} --set optimizer.learning_rate=... (where "
        + "that step is odd already, further: "
        + $"{string.Join(", ", steps.Prepend(0).Distinct().Where(step => step < steps[^1]))})";
}
