using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Images;

/// <summary>Images with labels, chosen as the configuration says.</summary>
/// <param name="model">Classes, sizes, intensities and network.</param>
/// <param name="images">What is trained and validated on.</param>
/// <param name="name">Of the dataset, for a person.</param>
public sealed class ImageTrainingData(ClassifierDescription model, ImageSelection images, string name) : ITrainingData
{
    public string Description { get; } = $"{images.Train.Count} images of {name}";

    /// <summary>Classes that are never seen.</summary>
    public IReadOnlyList<string> Warnings { get; } =
    [
        .. model
            .ClassNames.Index()
            .ExceptBy(Enumerable.Range(0, images.Train.Count).SelectMany(i => images.Train[i].Classes), entry => entry.Index)
            .Select(entry => $"no training image has the label {entry.Item}"),
    ];

    public int ValidationCount => images.Validation.Count;

    public string Unit => "images";

    public long Bytes => (long)(images.Train.Count + images.Validation.Count) * images.Train.Shape.Length;

    public ISampleSource Samples(TrainingConfig config) => new ImageSamples(images.Train, model.Normalization, config.Images);

    public (TrainingMethod Method, IValidation Validation) Create(Backend backend, TrainingConfig config)
    {
        ImageMethod method = config.Definition.Create(backend, config, model);
        return (method, new ImageValidation(images.Validation, method));
    }
}
