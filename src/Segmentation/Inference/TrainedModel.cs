using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Provenance;
using UnpairedSegEngine.Segmentation.Runs;
using UnpairedSegEngine.Segmentation.Schemes;
using UnpairedSegEngine.Segmentation.Training;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>A network with the weights of a run, ready to predict.</summary>
public sealed class TrainedModel : IDisposable
{
    private readonly ISegmentationNetwork network;

    private TrainedModel(
        RunFolder run,
        ModelDescription description,
        ISegmentationNetwork network,
        Backend backend,
        long step,
        PredictionSettings? prediction,
        RunProvenance? provenance
    )
    {
        (Run, Description, this.network, Step, Provenance) = (run, description, network, step, provenance);
        Predictor = new CasePredictor(
            backend,
            network,
            description.Modalities.Count,
            description.Preprocessing.Shape,
            prediction
        );
    }

    public RunFolder Run { get; }

    public ModelDescription Description { get; }

    /// <summary>What the run was made from; null for runs from before that was written down.</summary>
    public RunProvenance? Provenance { get; }

    public CasePredictor Predictor { get; }

    /// <summary>Training step of the weights.</summary>
    public long Step { get; }

    /// <summary>Trained parameters.</summary>
    public long Parameters => network.Parameters.Count();

    /// <summary>Opens a run.</summary>
    /// <param name="path">The run folder.</param>
    /// <param name="backend">Computes predictions.</param>
    /// <param name="latest">The newest weights instead of those with the best validation.</param>
    /// <param name="warn">Is told about damaged checkpoints that were passed over.</param>
    /// <param name="prediction">How volumes are predicted.</param>
    /// <exception cref="InvalidDataException">No run, no checkpoint, or all are damaged.</exception>
    public static TrainedModel Open(
        string path,
        Backend backend,
        bool latest,
        Action<string> warn,
        PredictionSettings? prediction = null
    )
    {
        RunFolder run = RunFolder.Open(path);
        ModelDescription description = ModelDescription.Read(path);
        RunProvenance? provenance = RunProvenance.Find(path);
        if (provenance?.DifferenceToModel(description, run.Config) is { } difference)
            throw new InvalidDataException($"'{path}': was changed since it was trained: {difference}; put it back");
        description.RequireMatch(run.Config, path);
        var store = new CheckpointStore(run.CheckpointsPath, warn: warn, required: TrainingCheckpoint.WeightFiles);
        Checkpoint? best = latest ? null : store.Best();
        Checkpoint checkpoint =
            best
            ?? store.Latest()
            ?? throw new InvalidDataException($"'{run.CheckpointsPath}': no checkpoint yet; train the run first");
        if (best is null && !latest)
            warn($"no weights were chosen by validation; these are of the last step, {checkpoint.Step}");
        ISegmentationNetwork network = Scheme
            .Of(run.Config)
            .CreateNetwork(
                run.Config,
                backend.Device,
                description.Modalities.Count,
                description.Classes.Count,
                description.Volumes
            );
        TrainingCheckpoint.RestoreWeights(checkpoint, network);
        return new TrainedModel(run, description, network, backend, checkpoint.Step, prediction, provenance);
    }

    /// <inheritdoc cref="ModelDescription.Adopt"/>
    public DatasetCase Adopt(DatasetCase source) => Description.Adopt(source);

    public void Dispose() => network.Parameters.Dispose();
}
