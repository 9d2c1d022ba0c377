using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Runs;
using UnpairedSegEngine.Segmentation.Training;

namespace UnpairedSegEngine.Segmentation.Experiments;

/// <summary>
/// Runs the jobs of a plan: trains, predicts the cases to judge with the last weights (nothing is chosen by their scores), scores them. A job that was interrupted, at
/// whatever moment, goes on where it was; a finished one is left alone.
/// </summary>
/// <param name="plan">The plan.</param>
/// <param name="dataset">Its dataset.</param>
/// <param name="arguments">The command line, for the record.</param>
public sealed class ExperimentRunner(ExperimentPlan plan, SegmentationDataset dataset, IReadOnlyList<string> arguments)
{
    public const string EvaluationName = "evaluation.json";
    public const string PredictionsName = "predictions";

    /// <summary>Of the normalized surface Dice, mm.</summary>
    private const double Tolerance = 2;

    public bool IsFinished(ExperimentJob job) => JobResult.Exists(plan.RunPath(job));

    /// <summary>Runs a job, or what is missing of it.</summary>
    /// <param name="job">One of the plan's.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="threads">Cases read at once.</param>
    /// <param name="view">Shows a person how it goes.</param>
    /// <param name="stop">Ends the work soon; nothing is lost.</param>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public void Run(ExperimentJob job, Backend backend, int threads, IProgressView view, CancellationToken stop)
    {
        if (IsFinished(job))
            return;
        TrainingConfig config = job.ConfigOf(plan.Config);
        ModelDescription model = ModelDescription.Of(config, dataset);
        var session = TrainingSession.OnVolumes(dataset, dataset.Split(job.Fold, plan.SplitsPath), config, model, threads);
        RunFolder run = OpenOrCreate(plan.RunPath(job), config, model);
        if (session.Train(run, backend, view, stop).Interrupted)
            throw new OperationCanceledException($"stopped in {job.Name}; the same command goes on");
        Evaluate(job, run, backend, view, stop);
    }

    private RunFolder OpenOrCreate(string path, TrainingConfig config, ModelDescription model)
    {
        RunFolder run;
        if (RunFolder.Exists(path))
        {
            run = RunFolder.Open(path);
        }
        else
        {
            // What an interruption left before there was a run.
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
            run = RunFolder.Create(path, config, RunInfo.OfThisProcess(arguments));
        }

        model.Write(path);
        return run;
    }

    private void Evaluate(ExperimentJob job, RunFolder run, Backend backend, IProgressView view, CancellationToken stop)
    {
        using TrainedModel model = TrainedModel.Open(run.Path, backend, latest: true, view.Note);
        var evaluation = new ModelEvaluation(model, Tolerance);
        string predictions = Directory.CreateDirectory(Path.Combine(run.Path, PredictionsName)).FullName;
        var results = new List<CaseResult>();
        foreach (DatasetCase source in plan.CasesToJudge(dataset, job.Fold))
        {
            EvaluatedCase evaluated = evaluation.Evaluate(source, stop);
            NiftiWriter.Write(Path.Combine(predictions, $"{source.Id}.nii.gz"), evaluated.Prediction);
            results.Add(evaluated.Result);
            foreach (string warning in evaluated.Warnings)
                view.Note($"warning: {warning}");
        }

        EvaluationReport report = evaluation.Report(results);
        EvaluationFiles.WriteJson(report, Path.Combine(run.Path, EvaluationName));
        double[] times = [.. MetricsLog.Read(run).SelectMany(record => record.Values).Where(value => value.Key == Trainer.StepTimeName).Select(value => value.Value)];
        new JobResult(model.Parameters, model.Step, times.DefaultIfEmpty(0).Average() * model.Step / 1000).Write(run.Path);
        view.Note(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"mean Dice {report.OverallDice:F3} on {results.Count} cases"));
    }
}
