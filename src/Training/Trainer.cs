using System.Diagnostics;
using System.Globalization;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Training;

/// <summary>
/// The training loop: batches, steps, records, validations, checkpoints. A run that was stopped and resumed ends with the same
/// bits as one that was not, since batches, masks and schedules are functions of seed and step.
/// </summary>
public sealed class Trainer : IDisposable
{
    /// <summary>Name of a step's time among its records, ms.</summary>
    public const string StepTimeName = "time/step_ms";

    private const double Smoothing = 0.9;
    private const int MostLoaderThreads = 8;

    private readonly TrainingMethod method;
    private readonly ISampleSource samples;
    private readonly ScheduleConfig schedule;
    private readonly StepRunner runner;
    private TrainingState state = new(0);
    private double smoothedMilliseconds;
    private bool planShown;
    private bool isWhole = true;

    /// <param name="method">What is trained; not disposed of.</param>
    /// <param name="samples">Where batches come from.</param>
    /// <param name="schedule">How long, and what happens how often.</param>
    public Trainer(TrainingMethod method, ISampleSource samples, ScheduleConfig schedule)
    {
        (this.method, this.samples, this.schedule) = (method, method.Extend(samples), schedule);
        if (schedule.Average > 0)
            method.AverageWeights(schedule.Average);
        runner = new StepRunner(method);
    }

    /// <summary>What is validated; nothing if not given.</summary>
    public IValidation? Validation { get; init; }

    /// <summary>Where checkpoints go; none are kept if not given.</summary>
    public CheckpointStore? Checkpoints { get; init; }

    /// <summary>Keeps what is measured; nobody does if not given.</summary>
    public IRunRecords? Records { get; init; }

    /// <summary>Shows a person how it goes.</summary>
    public IProgressView Progress { get; init; } = new SilentProgress();

    /// <summary>Continues from the newest intact checkpoint; from the beginning where there is none.</summary>
    /// <returns>Steps done already.</returns>
    public long Resume()
    {
        if (Checkpoints?.Latest() is not { } checkpoint)
            return 0;
        state = TrainingCheckpoint.Restore(checkpoint, method);

        // Going back to an earlier step takes the best weights away where they came later.
        if (Checkpoints.Best() is null)
            state = state with { BestStep = 0, Best = null };
        bool isOut = schedule.Patience > 0 && state.Patience?.Waited >= schedule.Patience;
        state = state with { Patience = schedule.Patience > 0 ? state.Patience : null, Ended = isOut ? state.Ended : null };
        return state.Step;
    }

    /// <summary>
    /// Trains up to the configured number of steps, or until asked to stop; saves a checkpoint either way. A step is a
    /// transaction: what fails in it, or in its records, is as if the step had not begun, and nothing of it is saved.
    /// </summary>
    /// <exception cref="NumericFailureException">A loss, or what is to be saved, is NaN or infinite; checkpoints before it
    /// stand.</exception>
    public TrainingOutcome Run(CancellationToken stop = default)
    {
        using IMetricLog? log = Records?.Open(state.Step);
        int threads = LoaderThreads;
        using var loader = new BatchLoader(
            samples,
            schedule.Batch,
            (ulong)schedule.Seed,
            firstStep: state.Step,
            threads,
            prefetch: threads + 2
        );
        string steps = state.Step < schedule.Steps ? $"steps {state.Step + 1}..{schedule.Steps}" : "no step is left";
        Progress.Note(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{method.Modules.Where(module => !module.IsFrozen).Sum(module => module.Parameters.Count()):N0} parameters, "
                    + $"{samples.Description}, batch {schedule.Batch} per {(samples.Groups.Count > 1 ? "modality" : "step")}, {steps}"
            )
        );
        try
        {
            if (FrozenParameters.Describe(method, schedule.Freeze) is { } frozen)
                Progress.Note(frozen);
            if (state.Ended is { } ended)
                Progress.Note($"{ended}; to go on: --resume --from last --set training.patience=0, or a larger number");
            while (state.Step < schedule.Steps && state.Ended is null && !stop.IsCancellationRequested)
                RunStep(loader, log);
            Save();
        }
        catch (NumericFailureException failure)
        {
            throw WithWayBack(failure);
        }
        catch
        {
            TrySave();
            throw;
        }

        Records?.Draw(Progress.Note);
        return new TrainingOutcome(state, state.Step < schedule.Steps && state.Ended is null);
    }

    /// <summary>Frees what steps hold; method, checkpoints and records live on.</summary>
    public void Dispose() => runner.Dispose();

    /// <summary>
    /// Where the steps run elsewhere, the processor has nothing to do but to prepare batches, and one core cannot keep up with a
    /// GPU's steps. Batches are the same whatever the number.
    /// </summary>
    private int LoaderThreads =>
        method.Backend.Device.IsHost ? 1 : Math.Clamp(Environment.ProcessorCount - 1, 1, MostLoaderThreads);

    private void RunStep(BatchLoader loader, IMetricLog? log)
    {
        long started = Stopwatch.GetTimestamp();
        LossReport losses;
        double wait;
        using (LoadedBatch batch = loader.Next())
        {
            wait = batch.Wait.TotalMilliseconds;
            try
            {
                losses = runner.Run(state.Step + 1, batch);
            }
            catch (NonFiniteLossException failure)
            {
                throw failure.With($"in the batch: {batch.Describe()}");
            }
        }

        // The step counts once its records and its validation are written: until then there is nothing to save.
        isWhole = false;
        state = state with { Step = state.Step + 1 };
        ShowPlan();
        double milliseconds = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        smoothedMilliseconds =
            smoothedMilliseconds == 0 ? milliseconds : (Smoothing * smoothedMilliseconds) + ((1 - Smoothing) * milliseconds);
        if (IsDue(schedule.LogEvery) || state.Step == 1)
            Report(log, losses, milliseconds, wait);
        if (IsDue(schedule.ValidateEvery) && Validation is { Count: > 0 } validation)
            Validate(validation, log, losses);
        isWhole = true;
        if (IsDue(schedule.SaveEvery))
            Save();
    }

    /// <summary>
    /// Saves the last whole step after a failure, which is what the caller must hear of, not that saving fails, too.
    /// </summary>
    private void TrySave()
    {
        if (!isWhole || runner.IsTorn)
            return;
        try
        {
            Save();
        }
        catch (Exception exception)
            when (exception is IOException or UnauthorizedAccessException or OutOfMemoryException or ArithmeticException)
        {
            Progress.Note($"step {state.Step} could not be saved after that: {exception.Message}");
        }
    }

    /// <summary>The failure with what to do about it: going on would only repeat it.</summary>
    private NumericFailureException WithWayBack(NumericFailureException failure)
    {
        if (failure is NonFiniteLossException)
            TrySave();
        string way =
            Checkpoints is not null && Records is not null && Checkpoints.Steps() is { Count: > 0 } steps
                ? Records.WayBack(steps)
                : "nothing was saved yet; begin anew with a lower optimizer.learning_rate";
        string message = $"the learning rate may be too high, or the intensities odd; {way}";
        return failure is NonFiniteLossException loss
            ? loss.With(message)
            : new NumericFailureException($"{failure.Message}; {message}");
    }

    private void ShowPlan()
    {
        if (planShown || runner.Plan is not { } plan)
            return;
        planShown = true;
        Progress.Note(plan);
    }

    private bool IsDue(int every) => schedule.IsDue(every, state.Step);

    private void Report(IMetricLog? log, LossReport losses, double milliseconds, double wait)
    {
        KeyValuePair<string, double>[] named =
        [
            new(LossReport.TotalName, losses.Total),
            .. losses.Terms.Select(term => new KeyValuePair<string, double>(term.Name, term.Value)),
        ];
        log?.Write(
            state.Step,
            [
                .. named.Select(loss => new KeyValuePair<string, double>($"loss/{loss.Key}", loss.Value)),
                .. method.Optimizers.Select(optimizer => new KeyValuePair<string, double>(
                    optimizer.Name.Length == 0 ? "learning_rate" : $"learning_rate/{optimizer.Name}",
                    optimizer.RateOf(state.Step)
                )),
                new(StepTimeName, milliseconds),
                new("time/data_wait_ms", wait),
            ]
        );
        Progress.Show(
            new StepReport(
                state.Step,
                schedule.Steps,
                named,
                TimeSpan.FromMilliseconds(smoothedMilliseconds),
                wait / milliseconds
            )
        );
    }

    /// <summary>Is not interrupted: a resumed run must not lack a record that an uninterrupted one has.</summary>
    private void Validate(IValidation validation, IMetricLog? log, LossReport losses)
    {
        ValidationReport report;
        using (method.Average?.Use())
            report = validation.Run();
        if (schedule.Patience > 0)
            state = state with { Patience = Patience.After(state.Patience, report.Main, schedule.Smoothing, state.Step) };
        log?.Write(state.Step, [.. report.Values, .. Waiting(), .. method.Measure(), .. losses.Details()]);
        Progress.Show(state.Step, report);
        if (state.BestStep == 0 || report.Main.IsBetterThan(state.Best))
        {
            // Where nothing could be scored yet, anything that can be scored is better.
            Score best = double.IsFinite(report.Main.Value) ? report.Main : report.Main with { Value = 0 };
            state = state with { BestStep = state.Step, Best = best };
            TrainingCheckpoint.RequireFinite(method, state);
            Checkpoints?.SaveBest(state.Step, TrainingCheckpoint.Contents(method, state));
        }

        Records?.Draw(Progress.Note);
        EndIfOutOfPatience(report.Main);
    }

    private IEnumerable<KeyValuePair<string, double>> Waiting() =>
        state.Patience is { } patience
            ? [new("patience/smoothed", patience.Smoothed), new("patience/waited", patience.Waited)]
            : [];

    private void EndIfOutOfPatience(Score score)
    {
        if (state.Patience is not { } patience || patience.Waited < schedule.Patience || state.Step >= schedule.Steps)
            return;
        string reason = string.Create(
            CultureInfo.InvariantCulture,
            $"ended early: smoothed {score.Name} {patience.Smoothed:F4} was no better in {patience.Waited} validations than "
                + $"{patience.Best:F4} at step {patience.BestStep} (training.patience {schedule.Patience})"
        );
        state = state with { Ended = reason };
        Progress.Note(reason);
    }

    private void Save()
    {
        TrainingCheckpoint.RequireFinite(method, state);
        Checkpoints?.Save(state.Step, TrainingCheckpoint.Contents(method, state));
    }
}
