using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Experiments;

/// <summary>A finished job with all that it recorded.</summary>
internal sealed record FinishedJob(
    ExperimentJob Job,
    JobResult Result,
    EvaluationReport Report,
    IReadOnlyList<MetricRecord> Records
)
{
    public static FinishedJob Read(ExperimentPlan plan, ExperimentJob job)
    {
        string run = plan.RunPath(job);
        return new FinishedJob(
            job,
            JobResult.Read(run),
            EvaluationFiles.ReadJson(Path.Combine(run, VolumeExperimentData.EvaluationName)),
            MetricsLog.Read(RunFolder.Open(run))
        );
    }
}
