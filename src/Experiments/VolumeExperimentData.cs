using System.Globalization;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Experiments;

/// <summary>Volumes of a dataset, in folds.</summary>
internal sealed class VolumeExperimentData(SegmentationDataset dataset) : ExperimentData
{
    public const string EvaluationName = "evaluation.json";
    public const string PredictionsName = "predictions";

    /// <summary>Of the normalized surface Dice, mm.</summary>
    private const double Tolerance = 2;

    public override string Folder => dataset.Folder;

    /// <summary>The labelled test cases where there are some and one fold, else the validation cases.</summary>
    public override JudgedCases Judged(int folds) =>
        folds == 1 && dataset.TestCases.Any(c => c.LabelPath is not null) ? JudgedCases.Test : JudgedCases.Validation;

    public override void Prepare(ExperimentPlan plan, int folds)
    {
        dataset.WriteSplits(plan.SplitsPath, folds);
        for (int fold = 0; fold < folds; fold++)
        {
            if (CasesToJudge(plan, fold).Count == 0)
                throw new InvalidDataException(
                    $"'{dataset.Folder}': fold {fold} has no labelled {plan.Judged.ToString().ToLowerInvariant()} case to "
                        + "judge on"
                );
        }
    }

    public override DataIdentity IdentityFor(ExperimentPlan plan, ExperimentJob job) =>
        DataIdentity.Of(dataset, job.Fold, SplitOf(plan, job, plan.ConfigOf(job)));

    public override string? DifferenceTo(RunProvenance recorded) => recorded.DifferenceOfNames(dataset);

    public override (TrainingSession Session, Action<string> Describe) Read(
        ExperimentPlan plan,
        ExperimentJob job,
        TrainingConfig config,
        RunContinuation? earlier,
        int threads
    )
    {
        ModelDescription model = earlier is null ? ModelDescriptions.Of(config, dataset) : earlier.ReadModel();
        DatasetSplit split = SplitOf(plan, job, config);
        return (TrainingSession.OnVolumes(dataset, job.Fold, split, config, model, threads), model.Write);
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
        using TrainedRun model = TrainedRun.Open(run.Path, backend, latest: true, view.Note);
        var evaluation = new ModelEvaluation(model, Tolerance);
        string predictions = Directory.CreateDirectory(Path.Combine(run.Path, PredictionsName)).FullName;
        var results = new List<CaseResult>();
        IReadOnlyList<DatasetCase> judged = CasesToJudge(plan, job.Fold);
        foreach (DatasetCase source in judged)
        {
            EvaluatedCase evaluated = evaluation.Evaluate(source, stop);
            NiftiWriter.Write(Path.Combine(predictions, $"{source.Id}.nii.gz"), evaluated.Prediction);
            results.Add(evaluated.Result);
            foreach (string warning in evaluated.Warnings)
                view.Note($"warning: {warning}");
        }

        EvaluationReport report = evaluation.Report(results);
        EvaluationFiles.WriteJson(report, Path.Combine(run.Path, EvaluationName));
        TrainingConfig config = plan.ConfigOf(job);
        IReadOnlyList<DatasetCase> learnt = SplitOf(plan, job, config).Train;
        ScoresFile.Write(run.Path, config.Definition.Examine(run.Path, dataset, learnt, judged, backend));
        return (
            model.Parameters,
            model.Step,
            string.Create(CultureInfo.InvariantCulture, $"mean Dice {report.OverallDice:F3} on {results.Count} cases")
        );
    }

    public override ExperimentReport Report(ExperimentPlan plan, IReadOnlyList<ExperimentJob> finished, Comparison? comparison) =>
        new VolumeReport(plan, dataset, [.. finished.Select(job => FinishedJob.Read(plan, job))], comparison);

    private DatasetSplit SplitOf(ExperimentPlan plan, ExperimentJob job, TrainingConfig config) =>
        dataset.Split(job.Fold, plan.SplitsPath).Limit(config.Data.MostCases);

    private IReadOnlyList<DatasetCase> CasesToJudge(ExperimentPlan plan, int fold)
    {
        DatasetSplit split = dataset.Split(fold, plan.SplitsPath);
        return plan.Judged == JudgedCases.Test ? [.. split.Test.Where(c => c.LabelPath is not null)] : split.Validation;
    }
}
