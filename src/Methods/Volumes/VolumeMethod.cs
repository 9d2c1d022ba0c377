using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>A method that trains a network to segment volumes.</summary>
/// <param name="backend">Computes.</param>
/// <param name="network">Predicts; its weights are those that a run is validated and opened with.</param>
/// <param name="seed">Of the dropout masks.</param>
public abstract class VolumeMethod(Backend backend, ISegmentationNetwork network, ulong seed) : TrainingMethod(backend, seed)
{
    /// <summary>The network that predicts.</summary>
    public ISegmentationNetwork Network { get; } = network;

    public override IReadOnlyList<TrainingModule> Modules { get; } = [new(TrainingModule.Predictor, network.Parameters)];
}
