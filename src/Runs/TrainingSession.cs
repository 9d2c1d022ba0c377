using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Configuration;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Runs;

/// <summary>What a run trains and validates on, read and prepared: from here on nothing of the data can be refused.</summary>
public sealed class TrainingSession
{
    private readonly ModelDescription model;
    private readonly IVolumeSamples samples;
    private readonly IValidationSet validation;
    private readonly string description;
    private readonly IReadOnlyList<string> warnings;

    private TrainingSession(
        ModelDescription model,
        IVolumeSamples samples,
        IValidationSet validation,
        DataIdentity data,
        string description,
        IReadOnlyList<string> warnings
    ) =>
        (this.model, this.samples, this.validation, Data, this.description, this.warnings) = (
            model,
            samples,
            validation,
            data,
            description,
            warnings
        );

    /// <summary>What was read.</summary>
    public DataIdentity Data { get; }

    /// <summary>Cases to validate on.</summary>
    public int ValidationCases => validation.Count;

    /// <summary>On volumes.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="fold">Of the splits.</param>
    /// <param name="split">The fold's cases, limited as the configuration says.</param>
    /// <param name="config">What is trained.</param>
    /// <param name="model">Modalities, classes and preprocessing.</param>
    /// <param name="threads">Cases read at once.</param>
    /// <exception cref="InvalidDataException">A case is bad, or the cases need more memory than the configuration
    /// allows.</exception>
    public static TrainingSession OnVolumes(
        SegmentationDataset dataset,
        int fold,
        DatasetSplit split,
        TrainingConfig config,
        ModelDescription model,
        int threads
    )
    {
        ModelDescription samples = config.Definition.SamplesFor(config, model);
        CaseCache cache = CaseCache.Load(
            [.. split.Train.Select(samples.Adopt)],
            dataset,
            samples.Preprocessing,
            threads,
            (long)config.Data.CacheMegabytes << 20
        );
        var validation = new ValidationSet([.. split.Validation.Select(model.Adopt)], dataset, model.Preprocessing);
        DataIdentity data = DataIdentity.Of(dataset, fold, split) with
        {
            Cases = cache.Cases.Concat(validation.Cases).ToDictionary(c => c.Id, c => c.Fingerprint),
        };
        return new TrainingSession(
            model,
            SampleSources.Create(config, cache.Cases, dataset.Modalities, samples.Preprocessing.Shape),
            validation,
            data,
            cache.ToString(),
            [
                .. CaseWarnings.OfImages([.. cache.Cases, .. validation.Cases]),
                .. CaseWarnings.OfLabels(cache.Cases, dataset.Modalities, dataset.ClassNames),
            ]
        );
    }

    /// <summary>On TFRecords of slices.</summary>
    /// <exception cref="InvalidDataException">The configuration asks for other samples than the records hold.</exception>
    public static TrainingSession OnRecords(TfRecordDataset dataset, TrainingConfig config, ModelDescription model)
    {
        SampleShape shape = dataset.Training.Shape;
        if (NetworkDefinition.Of(config.Network).IsVolumetric)
            throw new InvalidDataException(
                $"'{dataset.Folder}': holds slices, which train the 2D network; leave out --network "
                    + $"{SnakeCase.From(config.Network.Name.ToString())}"
            );
        if (config.Data.Size != shape.Height || config.Data.Slices != shape.Channels || shape.Height != shape.Width)
            throw new InvalidDataException(
                $"'{dataset.Folder}': its records are {shape}, but data.size is {config.Data.Size} and data.slices "
                    + $"{config.Data.Slices}; set them to the records'"
            );
        return new TrainingSession(
            model,
            dataset.Training,
            new RecordValidation(dataset),
            DataIdentity.Of(dataset),
            dataset.ToString(),
            dataset.Warnings
        );
    }

    /// <summary>Trains a new or an interrupted run to its last step, or until asked to stop.</summary>
    /// <param name="run">The run; its newest intact checkpoint is where training goes on.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="view">Shows a person how it goes.</param>
    /// <param name="stop">Ends training after the current step, with a checkpoint.</param>
    /// <exception cref="IOException">Another process writes the run.</exception>
    public TrainingOutcome Train(RunFolder run, Backend backend, IProgressView view, CancellationToken stop)
    {
        using FolderLock held = FolderLock.Take(run.Path, view.Note);
        view.Note($"{backend.Description}; training on {description}, validating on {validation.Count} cases");
        foreach (string warning in warnings)
            view.Note($"warning: {warning}");
        TrainingConfig config = run.Config;
        using VolumeMethod method = config.Definition.Create(backend, config, model);
        using var trainer = new Trainer(method, SampleSources.Vary(samples, config), config.Training)
        {
            Validation = new VolumeValidation(
                validation,
                () => new CasePredictor(backend, method.Network, model.Modalities.Count, model.Preprocessing.Shape),
                model.Classes
            ),
            Checkpoints = new CheckpointStore(
                run.CheckpointsPath,
                config.Training.Keep,
                view.Note,
                required: TrainingCheckpoint.AllFiles
            ),
            Records = new RunRecords(run),
            Progress = view,
        };
        long done = trainer.Resume();
        if (done > 0)
            view.Note($"resuming after step {done}");
        return trainer.Run(stop);
    }
}
