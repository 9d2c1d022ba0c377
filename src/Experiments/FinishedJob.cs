using UnpairedSegEngine.Methods;
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
    /// <summary>What the method found in the run, by name.</summary>
    public IReadOnlyDictionary<string, double> Findings { get; init; } = new Dictionary<string, double>();

    /// <summary>PNG files that it drew of the run.</summary>
    public IReadOnlyList<string> Pictures { get; init; } = [];

    public static FinishedJob Read(ExperimentPlan plan, ExperimentJob job)
    {
        string run = plan.RunPath(job);
        return new FinishedJob(
            job,
            JobResult.Read(run),
            EvaluationFiles.ReadJson(Path.Combine(run, VolumeExperimentData.EvaluationName)),
            MetricsLog.Read(RunFolder.Open(run))
        )
        {
            Findings = ScoresFile.Read(run),
            Pictures = MethodDefinition.PicturesOf(run),
        };
    }
}
