using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>
/// A network with the weights of a run, ready to predict: <c>TrainedModel.Open("runs/abdomen").Segment(volume, "CT")</c>. Needs
/// of
/// a run folder model.json and checkpoints/ only.
/// </summary>
public sealed class TrainedModel : IDisposable
{
    /// <summary>Name of the checkpoints' folder in a run folder.</summary>
    public const string CheckpointsName = TrainingCheckpoint.FolderName;

    private readonly ISegmentationNetwork network;
    private readonly IDisposable[] owned;

    private TrainedModel(
        ModelDescription description,
        ISegmentationNetwork network,
        Backend backend,
        long step,
        PredictionSettings? prediction,
        IDisposable[] owned
    )
    {
        (Description, this.network, Step, this.owned) = (description, network, step, owned);
        Predictor = new CasePredictor(
            backend,
            network,
            description.Modalities.Count,
            description.Preprocessing.Shape,
            prediction
        );
    }

    /// <summary>What the network sees and tells apart.</summary>
    public ModelDescription Description { get; }

    /// <summary>Predicts cases that were prepared as <see cref="ModelDescription.Preprocessing"/> says.</summary>
    public CasePredictor Predictor { get; }

    /// <summary>Training step of the weights.</summary>
    public long Step { get; }

    /// <summary>The network, with its weights.</summary>
    public ISegmentationNetwork Network => network;

    /// <summary>Trained parameters.</summary>
    public long Parameters => network.Parameters.Count();

    /// <summary>Opens a run with its best weights, or a package, on the processor, on all cores.</summary>
    /// <param name="path">The run folder, or a <see cref="ModelPackage"/>.</param>
    /// <exception cref="InvalidDataException">No run or package, no checkpoint, or all are damaged.</exception>
    public static TrainedModel Open(string path)
    {
        if (ModelPackage.IsPackage(path))
        {
            using UnpackedModel unpacked = ModelPackage.Unpack(path);
            return Open(unpacked.Folder);
        }

        Device device = Device.OpenCpu();
        var backend = new CpuBackend(device);
        try
        {
            return Open(path, ModelDescription.Read(path), backend, owned: [backend, device]);
        }
        catch
        {
            backend.Dispose();
            device.Dispose();
            throw;
        }
    }

    /// <summary>Opens a run.</summary>
    /// <param name="path">The run folder.</param>
    /// <param name="description">Of the model, often <see cref="ModelDescription.Read"/> of the folder.</param>
    /// <param name="backend">Computes predictions.</param>
    /// <param name="latest">The newest weights instead of those with the best validation.</param>
    /// <param name="warn">Is told about damaged checkpoints that were passed over.</param>
    /// <param name="prediction">How volumes are predicted.</param>
    /// <param name="owned">Disposed of with the model.</param>
    /// <exception cref="InvalidDataException">No checkpoint, or all are damaged.</exception>
    public static TrainedModel Open(
        string path,
        ModelDescription description,
        Backend backend,
        bool latest = false,
        Action<string>? warn = null,
        PredictionSettings? prediction = null,
        params IDisposable[] owned
    )
    {
        Checkpoint checkpoint = FindWeights(path, latest, warn);
        ISegmentationNetwork network = description.BuildNetwork(backend.Device);
        TrainingCheckpoint.RestoreWeights(checkpoint, new TrainingModule(TrainingModule.Predictor, network.Parameters));
        return new TrainedModel(description, network, backend, checkpoint.Step, prediction, owned);
    }

    /// <summary>The checkpoint whose weights a run is opened with.</summary>
    /// <param name="path">The run folder.</param>
    /// <param name="latest">The newest weights instead of those with the best validation.</param>
    /// <param name="warn">Is told about damaged checkpoints that were passed over.</param>
    /// <exception cref="InvalidDataException">No checkpoint, or all are damaged.</exception>
    public static Checkpoint FindWeights(string path, bool latest = false, Action<string>? warn = null) =>
        TrainingCheckpoint.FindWeights(Path.Combine(path, CheckpointsName), latest, warn);

    /// <summary>Segments a volume.</summary>
    /// <param name="volume">Of any grid; it is not changed.</param>
    /// <param name="modality">What it was imaged with: a name that the model knows.</param>
    /// <returns>Labels (0 is background) on the volume's own grid.</returns>
    /// <exception cref="InvalidDataException">The model knows no such modality, sees several volumes together, or a voxel is not
    /// finite.</exception>
    public Volume<byte> Segment(Volume<float> volume, string modality) => Segment([volume], modality);

    /// <summary>Segments co-registered volumes together.</summary>
    /// <param name="volumes">One for each channel that the model sees, in its order, on one grid.</param>
    /// <param name="modality">A name that the model knows.</param>
    /// <returns>Labels (0 is background) on the volumes' own grid.</returns>
    /// <exception cref="InvalidDataException">The model knows no such modality, or sees another number of volumes.</exception>
    public Volume<byte> Segment(IReadOnlyList<Volume<float>> volumes, string modality)
    {
        if (volumes.Count != Description.Volumes)
            throw new InvalidDataException(
                $"{volumes.Count} volumes were given, but the model sees {Description.Volumes} together"
            );
        var loaded = new LoadedCase("volume", Description.ModalityOf(modality), volumes, null);
        return Predictor.Predict(PreparedCase.Prepare(loaded, Description.Preprocessing, Description.Classes.Count)).ToOriginal();
    }

    /// <inheritdoc cref="ModelDescription.Adopt"/>
    public DatasetCase Adopt(DatasetCase source) => Description.Adopt(source);

    /// <summary>Frees the weights and what came with the model: its backend and device, where only its path was given.</summary>
    public void Dispose()
    {
        Predictor.Dispose();
        network.Parameters.Dispose();
        foreach (IDisposable one in owned)
            one.Dispose();
    }
}
