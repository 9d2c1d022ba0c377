using System.Globalization;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Runs.Provenance;

/// <summary>
/// An earlier run that is to go on. As it was begun: from the newest checkpoint, with the settings, data and arithmetic of its
/// provenance, so that it ends as if it had
/// never stopped. Or, where that is asked for, from a chosen step on with other settings, which becomes part of its provenance.
/// </summary>
public sealed class RunContinuation
{
    /// <summary>The newest step as the one to go on from.</summary>
    public const string LastStep = "last";

    private const string StepsKey = "training.steps";

    private readonly RunFolder run;

    private RunContinuation(RunFolder run, RunProvenance? recorded, TrainingConfig config, long? from) =>
        (this.run, Recorded, Config, From) = (run, recorded, config, from);

    /// <summary>What the run was made from; null for runs from before that was written down.</summary>
    public RunProvenance? Recorded { get; }

    /// <summary>What it computes from now on.</summary>
    public TrainingConfig Config { get; }

    /// <summary>The step to go back to; null to go on from the newest one as the run was begun.</summary>
    public long? From { get; }

    public string RunPath => run.Path;

    /// <summary>The model that the run trains.</summary>
    /// <exception cref="InvalidDataException">Its description is missing or damaged.</exception>
    public ModelDescription ReadModel() => run.ReadModel();

    /// <param name="path">The run folder.</param>
    /// <param name="from">A step, or <see cref="LastStep"/>; null to go on as the run was begun.</param>
    /// <param name="changes">Settings that are to be others.</param>
    /// <exception cref="UsageException">Settings that results depend on are to change, but not from a given step on; or that is
    /// no step.</exception>
    /// <exception cref="InvalidDataException">No run folder, its configuration is not the one that it was begun with, or the
    /// optimizer is to be another from a checkpoint on.</exception>
    public static RunContinuation Open(string path, string? from, IReadOnlyList<ConfigSetting> changes)
    {
        RunFolder run = RunFolder.Open(path);
        RunProvenance? recorded = RunProvenance.Find(path);
        ConfigSetting[] mattering = [.. changes.Where(change => RunSettings.Matters(change.Path))];
        bool prolongs = from is null && mattering.Length > 0 && mattering.All(change => change.Path == StepsKey);
        if (from is null && !prolongs && mattering.FirstOrDefault() is { } change)
            throw new UsageException(
                $"{change.Origin}: {change.Path} changes what the run computes; to go on with other settings from a step "
                    + $"on: --resume --from STEP, or --resume --from {LastStep}"
            );
        if (
            from is null
            && recorded is not null
            && RunSettings.Differences(recorded.Settings, RunSettings.Of(run.Config)).FirstOrDefault() is { } edited
        )
            throw new InvalidDataException(
                $"'{path}': its config.yaml was changed: {edited}; put it back, or go on with it from a step on: --resume "
                    + $"--from {LastStep}"
            );
        TrainingConfig config = run.ConfigWith(changes);
        prolongs = prolongs && config.Training.Steps != run.Config.Training.Steps;
        long? step = StepOf(prolongs ? LastStep : from, run);
        if (prolongs && config.Training.Steps <= step)
            throw new UsageException(
                $"{mattering[0].Origin}: {StepsKey} is {config.Training.Steps}, but the run has {step} steps already; say more to "
                    + "prolong it, or go back: --resume --from STEP"
            );
        if (step > 0)
            RequireSameOptimizer(recorded?.Settings ?? RunSettings.Of(run.Config), config, path, step.Value);
        return new RunContinuation(run, recorded, config, step);
    }

    /// <summary>Holds what the run would go on with against what it was made from.</summary>
    /// <exception cref="InvalidDataException">They contradict each other; the message names the first difference.</exception>
    public void Require(DataIdentity data, Arithmetic arithmetic)
    {
        if (Recorded is null)
            return;
        if (Recorded.Data.DifferenceTo(data) is { } changed)
            throw new InvalidDataException(
                $"'{run.Path}': cannot go on: {changed}; give it the data that it was begun with, or begin another run"
            );
        if (From is null && Recorded.Arithmetic.DifferenceTo(arithmetic) is { } rounded)
            throw new InvalidDataException(
                $"'{run.Path}': cannot go on: {rounded}; leave the option out, or go on in that way from a step on: "
                    + $"--resume --from {LastStep}"
            );
    }

    /// <summary>What is no contradiction, but may round differently: another processor, another build of the program.</summary>
    public IReadOnlyList<string> NotesOn(RunProvenance now)
    {
        var notes = new List<string>();
        if (Recorded is not null && Recorded.Arithmetic.Processor != now.Arithmetic.Processor)
            notes.Add(
                $"note: the run was begun on {Recorded.Arithmetic.Processor} and goes on on {now.Arithmetic.Processor}: "
                    + "as good, but not bit for bit the same"
            );
        if (run.Info is { } info && info.GitHash != RunInfo.OfThisProcess([]).GitHash)
            notes.Add(
                $"note: the run was begun by version {OneLine.Of($"{info.Version}")} ({OneLine.Of($"{info.GitHash}")}), "
                    + "and this is another one: its results may differ"
            );
        if (Recorded is not null && Config.Training.Steps != run.Config.Training.Steps && From > 0)
            notes.Add(NoteOnLength(From.Value));
        return notes;
    }

    /// <summary>What another length means for the learning rate, which may follow from it.</summary>
    private string NoteOnLength(long step)
    {
        (int before, int now) = (run.Config.Training.Steps, Config.Training.Steps);
        double was = run.Config.Optimizer.ScheduleFor(before).At(step),
            next = Config.Optimizer.ScheduleFor(now).At(step + 1);
        string length = $"note: from step {step} on, {now} steps in all instead of {before}";
        return Config.Optimizer.Schedule == RateSchedule.Steps
            ? $"{length}; the learning rate goes on as before"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{length}; the learning rate is from now on that of a run of {now} steps: {next:G3}, after {was:G3}"
            );
    }

    /// <summary>Writes down how the run goes on; from a chosen step, deletes what came behind it first.</summary>
    /// <param name="now">What it goes on with.</param>
    /// <param name="commandLine">By which command.</param>
    /// <exception cref="IOException">Another process writes the run; nothing was deleted.</exception>
    public RunFolder Begin(RunProvenance now, IReadOnlyList<string> commandLine)
    {
        if (From is not { } step)
        {
            if (Recorded is null)
                now.Write(run.Path);
            return run;
        }

        using FolderLock held = FolderLock.Take(run.Path);
        new CheckpointStore(run.CheckpointsPath, run.Config.Training.Keep, required: TrainingCheckpoint.AllFiles).GoBackTo(step);
        RunChange change = new(step, DateTimeOffset.UtcNow, commandLine, [.. Differences(now)]);
        (now with { Changes = [.. Recorded?.Changes ?? [], change] }).Write(run.Path);
        return run.Reconfigure(Config);
    }

    private IEnumerable<string> Differences(RunProvenance now) =>
        Recorded is null
            ? []
            :
            [
                .. RunSettings.Differences(Recorded.Settings, now.Settings),
                .. Recorded.Arithmetic.DifferenceTo(now.Arithmetic) is { } rounded ? [rounded] : Array.Empty<string>(),
            ];

    /// <summary>What one optimizer remembers is nothing to another.</summary>
    private static void RequireSameOptimizer(
        IReadOnlyDictionary<string, string> before,
        TrainingConfig config,
        string path,
        long step
    )
    {
        const string Key = "optimizer.name";
        string now = RunSettings.Of(config)[Key];
        if (before.GetValueOrDefault(Key) is { } was && was != now)
            throw new InvalidDataException(
                $"'{path}': {Key} was {was} and is {now} now, but the checkpoint of step {step} holds the state of {was}; "
                    + "begin anew (--resume --from 0), or leave the optimizer as it is"
            );
    }

    private static long? StepOf(string? text, RunFolder run)
    {
        if (text is null)
            return null;
        if (text == LastStep)
            return new CheckpointStore(run.CheckpointsPath, required: TrainingCheckpoint.AllFiles).Latest()?.Step ?? 0;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long step)
            ? step
            : throw new UsageException($"--from '{text}': expected a step from 0, or {LastStep}");
    }
}
