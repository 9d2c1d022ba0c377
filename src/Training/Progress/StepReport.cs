namespace UnpairedSegEngine.Training.Progress;

/// <summary>What a person watching wants to know after a training step.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Losses">Loss terms by name.</param>
/// <param name="StepTime">Recent time of a step, data wait included.</param>
/// <param name="DataWait">Share of that time spent waiting for data, 0..1.</param>
public sealed record StepReport(
    long Step,
    long Steps,
    IReadOnlyList<KeyValuePair<string, double>> Losses,
    TimeSpan StepTime,
    double DataWait
)
{
    /// <summary>Time left at the recent pace.</summary>
    public TimeSpan Remaining => StepTime * (Steps - Step);
}
