using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Segmentation.Configuration;

/// <summary>
/// The defaults of each network: those of the paper's experiments with it (Dou et al. 2020, arXiv:2001.03111), or of its
/// published code.
/// </summary>
internal static class TrainingPresets
{
    public static TrainingConfig For(NetworkName network, Compatibility compatibility)
    {
        bool reference = compatibility == Compatibility.Reference;
        var distillation = new DistillationConfig { Absent = reference ? AbsentClassPolicy.Uniform : AbsentClassPolicy.Skip };
        return network switch
        {
            NetworkName.Unet3d => new TrainingConfig
            {
                // The published 3D code computes the distillation and leaves it out of the sum.
                Loss = new LossConfig
                {
                    Kd = reference ? distillation with { Weight = 0 } : distillation,
                    L2On = reference ? PenalizedParameters.All : PenalizedParameters.Kernels,
                },
                Optimizer = new OptimizerConfig { LearningRate = 1e-4, DecayEvery = 500 },
                Training = new ScheduleConfig { Steps = 50_000, Batch = 2 },
            },
            NetworkName.Dilated2d => new TrainingConfig { Loss = new LossConfig { Kd = distillation } },
            _ => throw new ArgumentOutOfRangeException(nameof(network), network, "no such network"),
        };
    }
}
