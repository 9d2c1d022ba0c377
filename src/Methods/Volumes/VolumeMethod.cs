using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>A method that trains a network to segment volumes.</summary>
/// <param name="backend">Computes.</param>
/// <param name="network">Predicts; its weights are those that a run is validated and opened with.</param>
/// <param name="seed">Of the dropout masks.</param>
public abstract class VolumeMethod(Backend backend, ISegmentationNetwork network, ulong seed) : TrainingMethod(backend, seed)
{
    /// <summary>The network that predicts.</summary>
    public ISegmentationNetwork Network { get; } = network;

    /// <summary>Samples as the method needs them, which may have more than images and labels.</summary>
    /// <param name="samples">As the configuration has them.</param>
    public virtual ISampleSource Extend(ISampleSource samples) => samples;

    public override IReadOnlyList<TrainingModule> Modules { get; } = [new(TrainingModule.Predictor, network.Parameters)];
}
