using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>How the networks on volumes are trained unless their method says otherwise: as those of the unpaired
/// experiments.</summary>
internal static class VolumeDefaults
{
    /// <param name="network">Which network.</param>
    /// <param name="own">The method's own settings.</param>
    public static TrainingConfig With(NetworkName network, object own) =>
        network switch
        {
            NetworkName.Dilated2d => new TrainingConfig { Own = own },
            NetworkName.Unet3d => new TrainingConfig
            {
                Optimizer = new OptimizerConfig { LearningRate = 1e-4, DecayEvery = 500 },
                Training = new ScheduleConfig { Steps = 50_000, Batch = 2 },
                Own = own,
            },
            _ => throw new ArgumentOutOfRangeException(nameof(network), network, "no such network"),
        };
}
