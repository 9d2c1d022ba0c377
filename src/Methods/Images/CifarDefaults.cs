using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Images;

/// <summary>
/// How residual networks are commonly trained on CIFAR: a ResNet-20, SGD with momentum 0.9, rate 0.1 that falls to a tenth after
/// half and three quarters of 200 epochs of 391 steps, decay 5e-4 of all weights.
/// </summary>
internal static class CifarDefaults
{
    /// <param name="own">The method's own settings.</param>
    public static TrainingConfig With(object own) =>
        new()
        {
            Classifier = new ClassifierConfig { Depth = 20 },
            Loss = new LossConfig { L2 = 5e-4, L2On = PenalizedParameters.All },
            Optimizer = new OptimizerConfig
            {
                Name = OptimizerName.Sgd,
                LearningRate = 0.1,
                DecayFactor = 0.1,
                Milestones = new StepList("39100,58650"),
            },
            Training = new ScheduleConfig { Steps = 78_200, Batch = 128 },
            Own = own,
        };
}
