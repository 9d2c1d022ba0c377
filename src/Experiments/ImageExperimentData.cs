using System.Globalization;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Evaluation;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Experiments;

/// <summary>Images with labels; judged are the test images.</summary>
internal sealed class ImageExperimentData(ImageDataset dataset) : ExperimentData
{
    public const string EvaluationName = "evaluation.json";

    public override string Folder => dataset.Folder;

    public override JudgedCases Judged(int folds) => JudgedCases.Test;

    public override void Prepare(ExperimentPlan plan, int folds)
    {
        if (folds > 1 || plan.Judged != JudgedCases.Test)
            throw new UsageException("--folds and --judge validation are for volumes; images are judged on their test images");
        if (dataset.Test.Count == 0)
            throw new InvalidDataException($"'{dataset.Folder}': has no test images to judge on");
    }

    public override DataIdentity IdentityFor(ExperimentPlan plan, ExperimentJob job) => DataIdentity.Of(dataset);

    public override (TrainingSession Session, Action<string> Describe) Read(
        ExperimentPlan plan,
        ExperimentJob job,
        TrainingConfig config,
        RunContinuation? earlier,
        int threads
    )
    {
        (TrainingSession session, ClassifierDescription model) = TrainingSession.OnImages(
            dataset,
            config,
            earlier is null ? null : ClassifierDescription.Read(earlier.RunPath)
        );
        return (session, model.Write);
    }

    public override (long Parameters, long Steps, string Score) Evaluate(
        ExperimentPlan plan,
        ExperimentJob job,
        RunFolder run,
        Backend backend,
        IProgressView view,
        CancellationToken stop
    )
    {
        using ClassifierRun trained = ClassifierRun.Open(run.Path, backend, latest: true, view.Note);
        ClassificationReport report = trained.Evaluate(dataset.Test, stop);
        ClassificationFiles.WriteJson(report, Path.Combine(run.Path, EvaluationName));
        Score main = ImageValidation.MainScore(report);
        List<KeyValuePair<string, double>> scores = [new(main.Name, main.Value), .. trained.Judge(dataset.Test, stop)];
        if (report.MeanCorLoc is { } located)
            scores.Add(new("cor_loc", located));
        ScoresFile.Write(run.Path, scores);
        trained.Draw(dataset.Test);
        return (
            trained.Parameters,
            trained.Step,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{main.Name.Replace('_', ' ')} {main.Value:F4} on {dataset.Test.Count} images"
            )
        );
    }

    public override ExperimentReport Report(ExperimentPlan plan, IReadOnlyList<ExperimentJob> finished, Comparison? comparison) =>
        new ImageReport(
            plan,
            Path.GetFileName(Path.GetFullPath(dataset.Folder)),
            [.. finished.Select(job => Read(plan, job))],
            comparison
        );

    private static FinishedImageJob Read(ExperimentPlan plan, ExperimentJob job)
    {
        string run = plan.RunPath(job);
        return new FinishedImageJob(
            job,
            JobResult.Read(run),
            ClassificationFiles.ReadJson(Path.Combine(run, EvaluationName)),
            ScoresFile.Read(run),
            MetricsLog.Read(RunFolder.Open(run)),
            MethodDefinition.PicturesOf(run)
        );
    }
}

/// <summary>A finished job on images with all that it recorded.</summary>
/// <param name="Job">Of the plan.</param>
/// <param name="Result">Parameters and time.</param>
/// <param name="Report">On the test images.</param>
/// <param name="Scores">By name, the main one first.</param>
/// <param name="Records">Of training.</param>
/// <param name="Pictures">PNG files of what the method found.</param>
internal sealed record FinishedImageJob(
    ExperimentJob Job,
    JobResult Result,
    ClassificationReport Report,
    IReadOnlyDictionary<string, double> Scores,
    IReadOnlyList<MetricRecord> Records,
    IReadOnlyList<string> Pictures
);
