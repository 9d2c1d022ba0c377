using System.Diagnostics;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Runs;
using UnpairedSegEngine.Segmentation.Schemes;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Training;

/// <summary>How a training run ended.</summary>
/// <param name="State">Steps done and the best validation.</param>
/// <param name="Interrupted">Whether it was asked to stop before its last step.</param>
public sealed record TrainingOutcome(TrainingState State, bool Interrupted);

/// <summary>
/// The training loop: batches, steps, records, validations, checkpoints. A run that was stopped and resumed ends with the same
/// bits as one that
/// was not, since batches, masks and schedules are functions of seed and step.
/// </summary>
public sealed class Trainer : IDisposable
{
    /// <summary>Name of a step's time among its records, ms.</summary>
    public const string StepTimeName = "time/step_ms";

    /// <summary>Records whose names begin so are class distributions: class_distribution/MODALITY/TRUE CLASS/CLASS.</summary>
    public const string DistributionPrefix = "class_distribution/";

    private const double Smoothing = 0.9;

    private readonly RunFolder run;
    private readonly TrainingConfig config;
    private readonly IProgressView progress;
    private readonly ISegmentationNetwork network;
    private readonly TrainingStep step;
    private readonly CheckpointStore checkpoints;
    private readonly CasePredictor predictor;
    private readonly ISampleSource samples;
    private readonly IValidationSet validation;
    private readonly ModalityIndex modality;
    private readonly IReadOnlyList<string> classes;
    private TrainingState state = new(0);
    private double smoothedMilliseconds;
    private bool planShown;
    private bool isWhole = true;

    /// <param name="run">Receives records and checkpoints; its configuration is trained.</param>
    /// <param name="model">Modalities, classes and preprocessing.</param>
    /// <param name="samples">Where batches come from.</param>
    /// <param name="validation">May be empty.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="progress">Shows a person how it goes.</param>
    public Trainer(
        RunFolder run,
        ModelDescription model,
        ISampleSource samples,
        IValidationSet validation,
        Backend backend,
        IProgressView progress
    )
    {
        (this.run, config, this.samples, this.validation, this.progress) = (run, run.Config, samples, validation, progress);
        network = Scheme
            .Of(config)
            .CreateNetwork(config, backend.Device, model.Modalities.Count, model.Classes.Count, model.Volumes);
        step = new TrainingStep(
            backend,
            network,
            Scheme.Of(config).LossOf(config),
            Scheme.OptimizerOf(config, model.Modalities.Count),
            (ulong)config.Training.Seed
        );
        checkpoints = new CheckpointStore(
            run.CheckpointsPath,
            config.Training.Keep,
            progress.Note,
            required: TrainingCheckpoint.AllFiles
        );
        predictor = new CasePredictor(backend, network, model.Modalities.Count, model.Preprocessing.Shape);
        classes = model.Classes;
        modality = ModalityIndex.Blocks(model.Modalities.Count, config.Training.Batch);
    }

    /// <summary>Continues from the newest intact checkpoint; from the beginning where there is none.</summary>
    /// <returns>Steps done already.</returns>
    public long Resume()
    {
        if (checkpoints.Latest() is not { } checkpoint)
            return 0;
        state = TrainingCheckpoint.Restore(checkpoint, network, step.Optimizer);

        // Going back to an earlier step takes the best weights away where they came later.
        if (checkpoints.Best() is null)
            state = new TrainingState(state.Step);
        return state.Step;
    }

    /// <summary>
    /// Trains up to the configured number of steps, or until asked to stop; saves a checkpoint either way. A step is a
    /// transaction: what fails in it, or in its records,
    /// is as if the step had not begun, and nothing of it is saved.
    /// </summary>
    /// <exception cref="NumericFailureException">A loss, or what is to be saved, is NaN or infinite; checkpoints before it
    /// stand.</exception>
    public TrainingOutcome Run(CancellationToken stop)
    {
        using var log = new MetricsLog(run, state.Step);
        using var loader = new BatchLoader(
            samples,
            new Augmentation(SampleSources.AugmentationOf(config.Augmentation)),
            config.Training.Batch,
            (ulong)config.Training.Seed,
            firstStep: state.Step
        );
        progress.Note(
            string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{network.Parameters.Count():N0} parameters, {samples.Shape}, batch {config.Training.Batch} per "
                    + $"modality, steps {state.Step + 1}..{config.Training.Steps}"
            )
        );
        try
        {
            while (state.Step < config.Training.Steps && !stop.IsCancellationRequested)
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

        WritePlot();
        return new TrainingOutcome(state, state.Step < config.Training.Steps);
    }

    public void Dispose()
    {
        step.Dispose();
        network.Parameters.Dispose();
    }

    private void RunStep(BatchLoader loader, MetricsLog log)
    {
        long started = Stopwatch.GetTimestamp();
        SegmentationLossTerms terms;
        double wait;
        using (TrainingBatch batch = loader.Next())
        {
            wait = batch.Wait.TotalMilliseconds;
            SampleShape size = batch.Shape;
            var shape = new Shape(modality.Samples, size.Depth, size.Height, size.Width, size.Channels);
            try
            {
                terms = step.Run(state.Step + 1, batch.Images, shape, batch.Labels, modality);
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
        if (IsDue(config.Training.LogEvery) || state.Step == 1)
            Report(log, terms, milliseconds, wait);
        if (IsDue(config.Training.ValidateEvery) && validation.Count > 0)
            Validate(log, terms);
        isWhole = true;
        if (IsDue(config.Training.SaveEvery))
            Save();
    }

    /// <summary>
    /// Saves the last whole step after a failure, which is what the caller must hear of, not that saving fails, too.
    /// </summary>
    private void TrySave()
    {
        if (!isWhole || step.IsTorn)
            return;
        try
        {
            Save();
        }
        catch (Exception exception)
            when (exception is IOException or UnauthorizedAccessException or OutOfMemoryException or ArithmeticException)
        {
            progress.Note($"step {state.Step} could not be saved after that: {exception.Message}");
        }
    }

    /// <summary>The failure with what to do about it: going on would only repeat it.</summary>
    private NumericFailureException WithWayBack(NumericFailureException failure)
    {
        if (failure is NonFiniteLossException)
            TrySave();
        string way = checkpoints.Latest() is { } last
            ? $"go back with: unpairedseg train --out {run.Path} --resume --from {last.Step} --set "
                + "optimizer.learning_rate=... (where that step is odd already, further: "
                + $"{string.Join(", ", checkpoints.Steps().Prepend(0).Distinct().Where(step => step < last.Step))})"
            : "nothing was saved yet; begin anew with a lower optimizer.learning_rate";
        string message = $"the learning rate may be too high, or the intensities odd; {way}";
        return failure is NonFiniteLossException loss
            ? loss.With(message)
            : new NumericFailureException($"{failure.Message}; {message}");
    }

    private void ShowPlan()
    {
        if (planShown || step.Plan is not { } plan)
            return;
        planShown = true;
        progress.Note(plan);
    }

    private bool IsDue(int every) => every > 0 && (state.Step % every == 0 || state.Step == config.Training.Steps);

    private void Report(MetricsLog log, SegmentationLossTerms terms, double milliseconds, double wait)
    {
        var losses = new List<KeyValuePair<string, double>> { new("loss/total", terms.Total) };
        for (int m = 0; m < samples.Modalities.Count; m++)
        {
            losses.Add(new($"loss/dice_{samples.Modalities[m].Name}", terms.Dice[m]));
            losses.Add(new($"loss/ce_{samples.Modalities[m].Name}", terms.CrossEntropy[m]));
        }

        losses.Add(new("loss/kd", terms.Distillation));
        log.Write(
            state.Step,
            [
                .. losses,
                new("learning_rate", step.LearningRate(state.Step)),
                new(StepTimeName, milliseconds),
                new("time/data_wait_ms", wait),
            ]
        );
        progress.Show(
            new StepReport(
                state.Step,
                config.Training.Steps,
                [.. losses.Select(l => new KeyValuePair<string, double>(l.Key["loss/".Length..], l.Value))],
                TimeSpan.FromMilliseconds(smoothedMilliseconds),
                wait / milliseconds
            )
        );
    }

    /// <summary>Is not interrupted: a resumed run must not lack a record that an uninterrupted one has.</summary>
    private void Validate(MetricsLog log, SegmentationLossTerms terms)
    {
        EvaluationReport report = validation.Evaluate(predictor, classes);
        DiceScore[] scores =
        [
            .. from m in report.Modalities
            from organ in report.Organs
            select new DiceScore(m, organ, report.Dice[m][organ].Mean ?? double.NaN),
        ];
        log.Write(
            state.Step,
            [
                .. scores.Select(s => new KeyValuePair<string, double>($"dice/{s.Modality}/{s.Organ}", s.Value)),
                new("mean_dice", report.OverallDice ?? double.NaN),
                new("l2_penalty", step.L2Penalty()),
                .. Distributions(terms),
            ]
        );
        progress.Show(state.Step, scores);
        if (report.OverallDice > state.BestDice || state.BestStep == 0)
        {
            state = state with { BestStep = state.Step, BestDice = report.OverallDice ?? 0 };
            TrainingCheckpoint.RequireFinite(network, step.Optimizer, state);
            checkpoints.SaveBest(state.Step, TrainingCheckpoint.Contents(network, step.Optimizer, state));
        }

        WritePlot();
    }

    /// <summary>
    /// What the distillation compares: by modality and true class, the softened distribution of the batch's mean logits. Classes
    /// that the batch lacks are left out.
    /// </summary>
    private IEnumerable<KeyValuePair<string, double>> Distributions(SegmentationLossTerms terms) =>
        from m in Enumerable.Range(0, samples.Modalities.Count)
        from trueClass in Enumerable.Range(0, classes.Count)
        from c in Enumerable.Range(0, classes.Count)
        where terms.HasClass(m, trueClass)
        select new KeyValuePair<string, double>(
            $"{DistributionPrefix}{samples.Modalities[m].Name}/{classes[trueClass]}/{classes[c]}",
            terms.ClassDistributions[m][trueClass][c]
        );

    private void Save()
    {
        TrainingCheckpoint.RequireFinite(network, step.Optimizer, state);
        checkpoints.Save(state.Step, TrainingCheckpoint.Contents(network, step.Optimizer, state));
    }

    /// <summary>A picture of what the records hold: without it, nothing is lost.</summary>
    private void WritePlot()
    {
        try
        {
            Directory.CreateDirectory(run.PicturesPath);
            TrainingPlot.Write(run.PlotPath, MetricsLog.Read(run));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            progress.Note($"the picture of the curves was not written: {exception.Message}");
        }
    }
}
