using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Experiments;

/// <summary>
/// Runs the jobs of a plan: trains, predicts the cases to judge with the last weights (nothing is chosen by their scores), scores
/// them; of a job that tries a learning rate, only its validations count. A job that was interrupted, at whatever moment, goes on
/// where it was; a finished one is left alone.
/// </summary>
/// <param name="plan">The plan.</param>
/// <param name="data">What it is trained and judged on.</param>
/// <param name="arguments">The command line, for the record.</param>
public sealed class ExperimentRunner(ExperimentPlan plan, ExperimentData data, IReadOnlyList<string> arguments)
{
    public bool IsFinished(ExperimentJob job) => JobResult.Exists(plan.RunPath(job));

    /// <summary>How the jobs that were begun compute; null before the first.</summary>
    /// <exception cref="InvalidDataException">A job's provenance is damaged.</exception>
    public Arithmetic? Recorded => Begun().Select(job => job.Provenance.Arithmetic).FirstOrDefault();

    /// <summary>Runs a job, or what is missing of it.</summary>
    /// <param name="job">One of the plan's.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="arithmetic">How it computes.</param>
    /// <param name="threads">Cases read at once.</param>
    /// <param name="view">Shows a person how it goes.</param>
    /// <param name="stop">Ends the work soon; nothing is lost.</param>
    /// <exception cref="InvalidDataException">A case is bad, or data and arithmetic are not those of the job, or of the jobs
    /// before it.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public void Run(
        ExperimentJob job,
        Backend backend,
        Arithmetic arithmetic,
        int threads,
        IProgressView view,
        CancellationToken stop
    )
    {
        if (IsFinished(job))
            return;
        if (plan.NeededBy(job).FirstOrDefault(needed => !IsFinished(needed)) is { } needed)
            throw new InvalidDataException(
                $"'{plan.Folder}': {job.Name} needs {needed.Name}, which is not finished; run that one first"
            );
        string path = plan.RunPath(job);
        RunContinuation? earlier = RunFolder.Exists(path) ? RunContinuation.Open(path, from: null, []) : null;
        TrainingConfig planned = arithmetic.Place(plan.ConfigOf(job), earlier?.Config),
            config = planned.Definition.Resolve(planned);
        if (
            earlier is not null
            && RunSettings.Differences(RunSettings.Of(earlier.Config), RunSettings.Of(config)).FirstOrDefault() is { } edited
        )
            throw new InvalidDataException($"'{path}': was begun with other settings than the experiment's: {edited}");

        (TrainingSession session, Action<string> describe) = data.Read(plan, job, config, earlier, threads);
        earlier?.Require(session.Data, arithmetic);
        RequireLikeOthers(job, session.Data, arithmetic);
        session.MemoryOf(config).Require(MemoryLimit.Of(given: null), backend.Device, config);
        var provenance = new RunProvenance(session.Data, arithmetic.On(backend), RunSettings.Of(config), []);
        RunFolder run =
            earlier?.Begin(provenance, arguments)
            ?? RunFolder.Create(
                path,
                config,
                RunInfo.OfThisProcess(arguments),
                folder =>
                {
                    describe(folder);
                    provenance.Write(folder);
                }
            );
        foreach (string note in earlier?.NotesOn(provenance) ?? [])
            view.Note(note);
        try
        {
            if (session.Train(run, backend, view, stop).Interrupted)
                throw new OperationCanceledException($"stopped in {job.Name}; the same command goes on");
        }
        catch (NumericFailureException failure) when (job.Rate is not null)
        {
            view.Note($"the rate is too high: {failure.Message}");
            new JobResult(0, 0, 0).Write(run.Path);
            return;
        }

        if (job.Rate is not null)
        {
            new JobResult(0, config.Training.Steps, 0).Write(run.Path);
            return;
        }

        (long parameters, long steps, string score) = data.Evaluate(plan, job, run, backend, view, stop);
        double[] times =
        [
            .. MetricsLog
                .Read(run)
                .SelectMany(record => record.Values)
                .Where(value => value.Key == Trainer.StepTimeName)
                .Select(value => value.Value),
        ];
        new JobResult(parameters, steps, times.DefaultIfEmpty(0).Average() * steps / 1000).Write(run.Path);
        view.Note(score);
    }

    /// <summary>
    /// Holds the dataset's names against those of the jobs that were begun; what cases hold is compared when they are read.
    /// </summary>
    /// <exception cref="InvalidDataException">It is another dataset.</exception>
    public void RequireDataset()
    {
        foreach ((ExperimentJob job, RunProvenance recorded) in Begun())
        {
            if ((recorded.Data.DifferenceTo(data.IdentityFor(plan, job)) ?? data.DifferenceTo(recorded)) is { } changed)
                throw new InvalidDataException(
                    $"'{plan.Folder}': since {job.Name} was begun, {changed}; an experiment compares on one dataset: put "
                        + "it back, or begin another experiment"
                );
        }
    }

    private IEnumerable<(ExperimentJob Job, RunProvenance Provenance)> Begun() =>
        from job in plan.Jobs
        let provenance = RunProvenance.Find(plan.RunPath(job))
        where provenance is not null
        select (job, provenance);

    /// <summary>Jobs on different data cannot be compared.</summary>
    private void RequireLikeOthers(ExperimentJob job, DataIdentity read, Arithmetic arithmetic)
    {
        foreach ((ExperimentJob other, RunProvenance recorded) in Begun().Where(begun => begun.Job != job))
        {
            if ((recorded.Data with { Split = read.Split }).DifferenceTo(read) is { } changed)
                throw new InvalidDataException(
                    $"'{plan.Folder}': since {other.Name} was begun, {changed}; an experiment compares on one dataset: "
                        + "put it back, or begin another experiment"
                );
            if (recorded.Arithmetic.DifferenceTo(arithmetic) is { } rounded)
                throw new InvalidDataException(
                    $"'{plan.Folder}': {rounded}, after {other.Name}; an experiment computes in one way: leave the option out"
                );
        }
    }
}
