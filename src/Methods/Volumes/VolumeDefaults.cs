using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>How the networks of the unpaired experiments are trained (Dou et al. 2020, arXiv:2001.03111).</summary>
internal static class VolumeDefaults
{
    /// <param name="network">Which network.</param>
    /// <param name="own">The method's own settings.</param>
    public static TrainingConfig With(NetworkName network, object own)
    {
        var config = new TrainingConfig { Own = own };
        return network switch
        {
            NetworkName.Dilated2d => config,
            NetworkName.Unet3d => config with
            {
                Optimizer = new OptimizerConfig { LearningRate = 1e-4, DecayEvery = 500 },
                Training = new ScheduleConfig { Steps = 50_000, Batch = 2 },
            },
            _ => throw new ArgumentOutOfRangeException(nameof(network), network, "no such network"),
        };
    }
}
