using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Evaluation;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Runs;

/// <summary>A run of a method on images, with the weights of a checkpoint: ready to be judged.</summary>
public sealed class ClassifierRun : IDisposable
{
    private readonly ImageMethod method;
    private readonly RunProvenance? provenance;
    private readonly string path;

    private ClassifierRun(string path, ImageMethod method, RunProvenance? provenance, long step) =>
        (this.path, this.method, this.provenance, Step) = (path, method, provenance, step);

    /// <summary>What the network sees and tells apart.</summary>
    public ClassifierDescription Model => method.Model;

    /// <summary>Training step of the weights.</summary>
    public long Step { get; }

    /// <summary>Trained parameters of the network that predicts.</summary>
    public long Parameters => method.Network.Parameters.Count();

    /// <summary>Opens a run.</summary>
    /// <param name="path">The run folder.</param>
    /// <param name="backend">Computes predictions.</param>
    /// <param name="latest">The newest weights instead of those with the best validation.</param>
    /// <param name="warn">Is told about damaged checkpoints that were passed over.</param>
    /// <exception cref="InvalidDataException">No run, no checkpoint, all are damaged, its files contradict each other, or what
    /// the method looks at is not there.</exception>
    public static ClassifierRun Open(string path, Backend backend, bool latest, Action<string> warn)
    {
        RunFolder folder = RunFolder.Open(path);
        ClassifierDescription model = ClassifierDescription.Read(path);
        RunProvenance? provenance = RunProvenance.Find(path);
        if (provenance?.DifferenceToModel(model, folder.Config) is { } difference)
            throw new InvalidDataException($"'{path}': was changed since it was trained: {difference}; put it back");
        Checkpoint checkpoint = TrainingCheckpoint.FindWeights(folder.CheckpointsPath, latest, warn);
        ImageMethod method = folder.Config.Definition.Create(backend, folder.Config, model);
        try
        {
            TrainingCheckpoint.RestoreWeights(checkpoint, [.. method.Modules.Where(module => !module.IsFrozen)]);
        }
        catch
        {
            method.Dispose();
            throw;
        }

        return new ClassifierRun(path, method, provenance, checkpoint.Step);
    }

    /// <summary>Refuses a dataset that the model cannot be judged on, or that contradicts the one that the run was made
    /// from.</summary>
    /// <param name="dataset">Theirs.</param>
    /// <param name="isOtherData">Whether it has nothing to do with it.</param>
    /// <exception cref="InvalidDataException">They contradict each other.</exception>
    public void RequireMatch(ImageDataset dataset, bool isOtherData)
    {
        Model.RequireMatch(dataset);
        if (!isOtherData && provenance?.Data.DifferenceTo(DataIdentity.Of(dataset)) is { } difference)
            throw RunProvenance.Contradiction(path, difference);
    }

    /// <summary>How well it does on images.</summary>
    public ClassificationReport Evaluate(ImageSet images, CancellationToken stop = default) => method.Evaluate(images, stop);

    /// <summary>
    /// What is on images, and where, of a method that says so (<see cref="Methods.MethodDefinition.Locates"/>).
    /// </summary>
    public IReadOnlyList<ImageFindings> Locate(ImageSet images, CancellationToken stop = default) => method.Locate(images, stop);

    /// <summary>What else the method says of itself on images, by name.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> Judge(ImageSet images, CancellationToken stop = default) =>
        [.. method.Judge(images, stop)];

    /// <summary>Shows what the method finds on images (<see cref="Methods.MethodDefinition.PicturesOf"/>).</summary>
    public void Draw(ImageSet images) => method.Draw(images, path);

    public void Dispose() => method.Dispose();
}
