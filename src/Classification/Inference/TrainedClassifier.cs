using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Classification.Inference;

/// <summary>
/// A classifier with the weights of a run, ready to predict:
/// <c>TrainedClassifier.Open("runs/garments").Predictor.Scores(images)</c>. Needs of a run folder model.json and checkpoints/
/// only.
/// </summary>
public sealed class TrainedClassifier : IDisposable
{
    private readonly IDisposable[] owned;

    private TrainedClassifier(
        ClassifierDescription description,
        Classifier network,
        Backend backend,
        long step,
        IDisposable[] owned
    )
    {
        (Description, Network, Step, this.owned) = (description, network, step, owned);
        Predictor = new ClassPredictor(backend, network, description.Normalization, description.IsMultiLabel);
    }

    /// <summary>What the network sees and tells apart.</summary>
    public ClassifierDescription Description { get; }

    /// <summary>The network, with its weights.</summary>
    public Classifier Network { get; }

    /// <summary>From images to probabilities.</summary>
    public ClassPredictor Predictor { get; }

    /// <summary>Training step of the weights.</summary>
    public long Step { get; }

    /// <summary>Trained parameters.</summary>
    public long Parameters => Network.Parameters.Count();

    /// <summary>Opens a run with its best weights, or a package, on the processor, on all cores.</summary>
    /// <param name="path">The run folder, or a <see cref="ModelPackage"/>.</param>
    /// <exception cref="InvalidDataException">No run or package of a classifier, no checkpoint, or all are damaged.</exception>
    public static TrainedClassifier Open(string path)
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
            return Open(path, ClassifierDescription.Read(path), backend, owned: [backend, device]);
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
    /// <param name="description">Of the model, often <see cref="ClassifierDescription.Read"/> of the folder.</param>
    /// <param name="backend">Computes predictions.</param>
    /// <param name="latest">The newest weights instead of those with the best validation.</param>
    /// <param name="warn">Is told about damaged checkpoints that were passed over.</param>
    /// <param name="owned">Disposed of with the classifier.</param>
    /// <exception cref="InvalidDataException">No checkpoint, or all are damaged.</exception>
    public static TrainedClassifier Open(
        string path,
        ClassifierDescription description,
        Backend backend,
        bool latest = false,
        Action<string>? warn = null,
        params IDisposable[] owned
    )
    {
        Checkpoint checkpoint = TrainingCheckpoint.FindWeights(Path.Combine(path, TrainingCheckpoint.FolderName), latest, warn);
        Classifier network = description.BuildNetwork(backend.Device);
        try
        {
            TrainingCheckpoint.RestoreWeights(checkpoint, new TrainingModule(TrainingModule.Predictor, network.Parameters));
        }
        catch
        {
            network.Parameters.Dispose();
            throw;
        }

        return new TrainedClassifier(description, network, backend, checkpoint.Step, owned);
    }

    /// <summary>Frees the weights and what came with them: backend and device, where only a path was given.</summary>
    public void Dispose()
    {
        Network.Parameters.Dispose();
        foreach (IDisposable one in owned)
            one.Dispose();
    }
}
