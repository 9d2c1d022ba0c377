using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Experiments;

/// <summary>What the jobs of an experiment are trained and judged on.</summary>
public abstract class ExperimentData
{
    /// <summary>Where it lies.</summary>
    public abstract string Folder { get; }

    /// <summary>Opens a dataset of a task's kind.</summary>
    /// <exception cref="InvalidDataException">It is none, or damaged.</exception>
    public static ExperimentData Open(string folder, TrainingTask task) =>
        task switch
        {
            TrainingTask.Volumes => new VolumeExperimentData(SegmentationDataset.Open(folder)),
            TrainingTask.Images => new ImageExperimentData(ImageDataset.Open(folder)),
            _ => throw new ArgumentOutOfRangeException(nameof(task), task, "no such task"),
        };

    /// <summary>Which cases are judged unless somebody says otherwise.</summary>
    /// <param name="folds">Of the experiment.</param>
    public abstract JudgedCases Judged(int folds);

    /// <summary>Prepares a plan's folder, and checks that there is something to judge on.</summary>
    /// <exception cref="InvalidDataException">There is nothing.</exception>
    public abstract void Prepare(ExperimentPlan plan, int folds);

    /// <summary>What a job's run is made from, without reading cases.</summary>
    public abstract DataIdentity IdentityFor(ExperimentPlan plan, ExperimentJob job);

    /// <summary>What is another in the data than a run knows, beyond its identity; null where nothing is.</summary>
    public virtual string? DifferenceTo(RunProvenance recorded) => null;

    /// <summary>Reads what a job trains on.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="job">One of its jobs.</param>
    /// <param name="config">What it trains.</param>
    /// <param name="earlier">Of the job, if it was begun.</param>
    /// <param name="threads">Cases read at once.</param>
    /// <returns>The session, and what writes the description of the model to a new run folder.</returns>
    public abstract (TrainingSession Session, Action<string> Describe) Read(
        ExperimentPlan plan,
        ExperimentJob job,
        TrainingConfig config,
        RunContinuation? earlier,
        int threads
    );

    /// <summary>Judges a trained run with its last weights and leaves the scores in its folder.</summary>
    /// <returns>Trained parameters, steps, and the main score as a sentence.</returns>
    public abstract (long Parameters, long Steps, string Score) Evaluate(
        ExperimentPlan plan,
        ExperimentJob job,
        RunFolder run,
        Backend backend,
        IProgressView view,
        CancellationToken stop
    );

    /// <summary>The report over finished jobs.</summary>
    public abstract ExperimentReport Report(ExperimentPlan plan, IReadOnlyList<ExperimentJob> finished, Comparison? comparison);
}
