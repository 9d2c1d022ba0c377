using UnpairedSegEngine.Schedules;

namespace UnpairedSegEngine.Segmentation.Training;

/// <summary>Adam and its learning-rate schedule, as the paper sets them for the 2D network by default.</summary>
public sealed record OptimizerSettings(
    double LearningRate = 1e-3,
    double DecayFactor = 0.95,
    int DecayEvery = 1000,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8,
    double L2 = 1e-4,
    bool PenalizesAll = false
)
{
    public StepDecay Schedule => new(LearningRate, DecayFactor, DecayEvery);
}
