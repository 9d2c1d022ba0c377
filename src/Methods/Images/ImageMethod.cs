using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Evaluation;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.Images;

/// <summary>A method that trains a network to classify images.</summary>
/// <param name="backend">Computes.</param>
/// <param name="network">Predicts; its weights are those that a run is validated and opened with.</param>
/// <param name="model">What the network sees and tells apart.</param>
/// <param name="seed">Of the dropout masks.</param>
public abstract class ImageMethod(Backend backend, Classifier network, ClassifierDescription model, ulong seed)
    : TrainingMethod(backend, seed)
{
    /// <summary>The network that predicts.</summary>
    public Classifier Network { get; } = network;

    /// <summary>What the network sees and tells apart.</summary>
    public ClassifierDescription Model { get; } = model;

    public override IReadOnlyList<TrainingModule> Modules { get; } = [new(TrainingModule.Predictor, network.Parameters)];

    /// <summary>From images to probabilities, with the present weights.</summary>
    protected ClassPredictor Predictor => new(Backend, Network, Model.Normalization, Model.IsMultiLabel);

    /// <summary>How well the present weights do on images.</summary>
    public virtual ClassificationReport Evaluate(ImageSet images, CancellationToken stop = default) =>
        ClassificationReport.Of(images, Predictor.Scores(images, stop), Model.ClassNames);

    /// <summary>
    /// Probabilities and the place that shows each class best, of each image: of a method whose definition says that it
    /// <see cref="MethodDefinition.Locates"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">It does not.</exception>
    public virtual IReadOnlyList<ImageFindings> Locate(ImageSet images, CancellationToken stop = default) =>
        throw new InvalidOperationException("the method does not say where objects are");

    /// <summary>What else can be said of the method on images, by name: rows of an experiment beside accuracy.</summary>
    public virtual IEnumerable<KeyValuePair<string, double>> Judge(ImageSet images, CancellationToken stop = default) => [];

    /// <summary>Pictures of what the method finds on images, in a run's folder. None of most methods.</summary>
    /// <param name="images">Of which some are shown.</param>
    /// <param name="runPath">The folder; <see cref="MethodDefinition.PicturesOf"/> lists what is drawn.</param>
    public virtual void Draw(ImageSet images, string runPath) { }
}
