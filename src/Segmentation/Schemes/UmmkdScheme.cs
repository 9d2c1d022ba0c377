using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Training;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Schemes;

/// <summary>
/// Unpaired multi-modal segmentation with knowledge distillation: one set of kernels, a normalization per modality, and a loss that
/// aligns the modalities' class distributions. Dou et al. 2020, arXiv:2001.03111.
/// </summary>
public static class UmmkdScheme
{
    /// <summary>The network that a configuration asks for, with initial weights.</summary>
    public static ISegmentationNetwork CreateNetwork(TrainingConfig config, Device device, int modalities, int classes)
    {
        NetworkConfig network = config.Network;
        var normalization = new NormalizationSettings(
            (NormalizationKind)network.Norm.Kind, modalities, network.Norm.Decay, network.Norm.Epsilon, network.LeakySlope, network.Norm.Groups);
        var store = new ParameterStore(device, DType.Float32, (ulong)config.Training.Seed);

        return network.Name switch
        {
            NetworkName.Unet3d => new UNet3D(store, inputChannels: 1, classes, network.Channels, normalization, network.Levels),

            // The published code shuffles batches in the transposed order.
            _ => new DilatedNetwork2D(
                store, config.Data.Slices, classes, network.Channels, normalization, network.DropoutKeep, transposedShuffle: config.Compat == Compatibility.Reference),
        };
    }

    /// <summary>The loss that a configuration asks for.</summary>
    public static LossSettings LossOf(TrainingConfig config)
    {
        LossConfig loss = config.Loss;
        bool uniform = loss.Kd.Absent == AbsentClass.Uniform || config.Compat == Compatibility.Reference;
        return new LossSettings(
            loss.DiceWeight, loss.CeWeight, loss.CeClip, loss.Kd.Weight, loss.Kd.Temperature, uniform ? AbsentClassPolicy.Uniform : AbsentClassPolicy.Skip);
    }

    /// <summary>The optimizer that a configuration asks for.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="modalities">Modalities of a batch.</param>
    public static OptimizerSettings OptimizerOf(TrainingConfig config, int modalities)
    {
        OptimizerConfig optimizer = config.Optimizer;
        bool all = config.Loss.L2On == PenalizedParameters.All;
        return new OptimizerSettings(
            optimizer.LearningRate, optimizer.DecayFactor, optimizer.DecayEvery, optimizer.Beta1, optimizer.Beta2, optimizer.Epsilon,
            all ? modalities * config.Loss.L2 : config.Loss.L2, PenalizesAll: all);
    }
}
