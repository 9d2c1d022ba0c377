using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Runs;

/// <summary>A run whose model is ready to predict, and what it was made from.</summary>
public sealed class TrainedRun : IDisposable
{
    private TrainedRun(RunFolder folder, TrainedModel model, RunProvenance? provenance) =>
        (Folder, Model, Provenance) = (folder, model, provenance);

    public RunFolder Folder { get; }

    public TrainedModel Model { get; }

    /// <summary>What the run was made from; null for runs from before that was written down.</summary>
    public RunProvenance? Provenance { get; }

    public ModelDescription Description => Model.Description;

    public CasePredictor Predictor => Model.Predictor;

    /// <summary>Training step of the weights.</summary>
    public long Step => Model.Step;

    /// <summary>Trained parameters.</summary>
    public long Parameters => Model.Parameters;

    /// <summary>Opens a run.</summary>
    /// <param name="path">The run folder.</param>
    /// <param name="backend">Computes predictions.</param>
    /// <param name="latest">The newest weights instead of those with the best validation.</param>
    /// <param name="warn">Is told about damaged checkpoints that were passed over.</param>
    /// <param name="prediction">How volumes are predicted.</param>
    /// <exception cref="InvalidDataException">No run, no checkpoint, all are damaged, or its files contradict each
    /// other.</exception>
    public static TrainedRun Open(
        string path,
        Backend backend,
        bool latest,
        Action<string> warn,
        PredictionSettings? prediction = null
    )
    {
        RunFolder folder = RunFolder.Open(path);
        ModelDescription description = folder.ReadModel();
        RunProvenance? provenance = RunProvenance.Find(path);
        if (provenance?.DifferenceToModel(description, folder.Config) is { } difference)
            throw new InvalidDataException($"'{path}': was changed since it was trained: {difference}; put it back");
        description.RequireMatch(folder.Config, path);
        return new TrainedRun(folder, TrainedModel.Open(path, description, backend, latest, warn, prediction), provenance);
    }

    /// <summary>A dataset's case under the model's own numbering of modalities.</summary>
    /// <exception cref="InvalidDataException">The model knows no such modality.</exception>
    public DatasetCase Adopt(DatasetCase source) => Model.Adopt(source);

    public void Dispose() => Model.Dispose();
}
