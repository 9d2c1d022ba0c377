using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Runs.Transfer;
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
    private readonly ITrainingData training;

    private readonly LearntNames names;

    private TrainingSession(ITrainingData training, DataIdentity data, LearntNames names) =>
        (this.training, Data, this.names) = (training, data, names);

    /// <summary>What was read.</summary>
    public DataIdentity Data { get; }

    /// <summary>Cases to validate on.</summary>
    public int ValidationCases => training.ValidationCount;

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

        // Whole volumes of all cases, which nobody needs any longer, would else stay as long as there is room.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        DataIdentity data = DataIdentity.Of(dataset, fold, split) with
        {
            Cases = cache.Cases.Concat(validation.Cases).ToDictionary(c => c.Id, c => c.Fingerprint),
        };
        return new TrainingSession(
            new VolumeTrainingData(
                model,
                SampleSources.Create(config, cache.Cases, dataset.Modalities, samples.Preprocessing.Shape),
                validation,
                cache.ToString(),
                [
                    .. CaseWarnings.OfImages([.. cache.Cases, .. validation.Cases]),
                    .. CaseWarnings.OfLabels(cache.Cases, dataset.Modalities, dataset.ClassNames),
                ]
            )
            {
                Bytes = cache.Bytes,
            },
            data,
            LearntNames.Of(model)
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
            new VolumeTrainingData(model, dataset.Training, new RecordValidation(dataset), dataset.ToString(), dataset.Warnings),
            DataIdentity.Of(dataset),
            LearntNames.Of(model)
        );
    }

    /// <summary>On images with labels.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="config">What is trained.</param>
    /// <param name="model">Of the run, if it was begun; null to describe one by the images.</param>
    /// <returns>The session, and the model that it trains.</returns>
    /// <exception cref="InvalidDataException">The model takes other images.</exception>
    public static (TrainingSession Session, ClassifierDescription Model) OnImages(
        ImageDataset dataset,
        TrainingConfig config,
        ClassifierDescription? model = null
    )
    {
        var images = ImageSelection.Of(dataset, config.Images, config.Training.Seed);
        model?.RequireMatch(dataset);
        model ??= ClassifierDescription.Of(dataset, PixelNormalization.Of(dataset.Train), config.Classifier);
        string name = $"'{dataset.Folder}'";
        return (
            new TrainingSession(new ImageTrainingData(model, images, name), DataIdentity.Of(dataset), LearntNames.Of(model)),
            model
        );
    }

    /// <summary>
    /// Checks what only a method with its parameters can say: which are frozen, and what of earlier weights fits. Nothing is
    /// written.
    /// </summary>
    /// <param name="config">What is to be trained.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="source">Weights to begin with, if any.</param>
    /// <param name="starts">For a modality, the one of the source to begin with.</param>
    /// <returns>The weights to begin with; null for random ones.</returns>
    /// <exception cref="InvalidDataException">A pattern matches no parameter, or the weights do not fit.</exception>
    public WeightTransfer? Prepare(
        TrainingConfig config,
        Backend backend,
        TransferSource? source,
        IReadOnlyDictionary<string, string> starts
    )
    {
        if (source is null && config.Training.Freeze.Patterns.Count == 0)
            return null;
        (TrainingMethod method, _) = training.Create(backend, config);
        using TrainingMethod owned = method;
        FrozenParameters.Describe(method, config.Training.Freeze);
        return source is null ? null : new WeightTransfer(method, names, source, starts);
    }

    /// <summary>The memory that training takes, computed without any of it.</summary>
    /// <param name="config">What is to be trained.</param>
    /// <exception cref="InvalidDataException">The method needs something that is not there, such as a teacher.</exception>
    public StepMemory MemoryOf(TrainingConfig config) =>
        StepMemory.Of(backend => training.Create(backend, config).Method, training.Samples(config), config, training.Bytes);

    /// <summary>Trains a new or an interrupted run to its last step, or until asked to stop.</summary>
    /// <param name="run">The run; its newest intact checkpoint is where training goes on.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="view">Shows a person how it goes.</param>
    /// <param name="stop">Ends training after the current step, with a checkpoint.</param>
    /// <exception cref="IOException">Another process writes the run.</exception>
    public TrainingOutcome Train(RunFolder run, Backend backend, IProgressView view, CancellationToken stop)
    {
        using FolderLock held = FolderLock.Take(run.Path, view.Note);
        view.Note($"{backend.Description}; training on {training.Description}, validating on {ValidationCases} {training.Unit}");
        foreach (string warning in training.Warnings)
            view.Note($"warning: {warning}");
        TrainingConfig config = run.Config;
        (TrainingMethod method, IValidation validation) = training.Create(backend, config);
        using TrainingMethod owned = method;
        using var trainer = new Trainer(method, training.Samples(config), config.Training)
        {
            Validation = validation,
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
        if (done == 0)
            InitialWeights.Restore(run.Path, method);
        else
            view.Note($"resuming after step {done}");
        return trainer.Run(stop);
    }
}
