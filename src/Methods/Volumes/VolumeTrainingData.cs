using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>Volumes, or records of their slices.</summary>
/// <param name="model">Modalities, classes and preprocessing.</param>
/// <param name="samples">What is trained on.</param>
/// <param name="validation">What is validated on.</param>
/// <param name="description">For a person.</param>
/// <param name="warnings">What is odd.</param>
public sealed class VolumeTrainingData(
    ModelDescription model,
    IVolumeSamples samples,
    IValidationSet validation,
    string description,
    IReadOnlyList<string> warnings
) : ITrainingData
{
    public string Description => description;

    public IReadOnlyList<string> Warnings => warnings;

    public int ValidationCount => validation.Count;

    public string Unit => "cases";

    /// <summary>Of prepared cases; records stay in their files.</summary>
    public long Bytes { get; init; }

    public ISampleSource Samples(TrainingConfig config) => SampleSources.Vary(samples, config);

    public (TrainingMethod Method, IValidation Validation) Create(Backend backend, TrainingConfig config)
    {
        VolumeMethod method = config.Definition.Create(backend, config, model);
        return (
            method,
            new VolumeValidation(
                validation,
                () => new CasePredictor(backend, method.Network, model.Modalities.Count, model.Preprocessing.Shape),
                model.Classes
            )
        );
    }
}
