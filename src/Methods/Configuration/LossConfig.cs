using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Configuration;

/// <summary>Which parameters the L2 penalty is on.</summary>
public enum PenalizedParameters
{
    /// <summary>Convolution kernels.</summary>
    Kernels,

    /// <summary>All that is trained, once per modality, as the published 3D code.</summary>
    All,
}

/// <summary>The loss on labels.</summary>
public sealed record LossConfig
{
    [ConfigKey("weight of soft Dice", Minimum = 0)]
    public double DiceWeight { get; init; } = 1;

    [ConfigKey("weight of the cross-entropy", Minimum = 0)]
    public double CeWeight { get; init; } = 1;

    [ConfigKey("probabilities are clipped at this from below in the cross-entropy; 0 for no clipping", Minimum = 0, Maximum = 1)]
    public double CeClip { get; init; } = 0.005;

    [ConfigKey("L2 penalty, times half the squared norm of what it is on", Minimum = 0)]
    public double L2 { get; init; } = 1e-4;

    [ConfigKey("what the L2 penalty is on; all counts once per modality")]
    public PenalizedParameters L2On { get; init; } = PenalizedParameters.Kernels;
}
