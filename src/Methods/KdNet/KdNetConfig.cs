using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.KdNet;

/// <summary>Over what a divergence between outputs is averaged.</summary>
public enum DivergenceMean
{
    /// <summary>Over positions: the divergence of distributions.</summary>
    Positions,

    /// <summary>Over positions and classes, as frameworks do by default: smaller by the number of classes.</summary>
    Elements,
}

/// <summary>The method's own settings.</summary>
public sealed record KdNetConfig
{
    [ConfigKey("the teacher, and how the student learns from it")]
    public KdNetTeacherConfig KdNet { get; init; } = new();
}

/// <summary>
/// The teacher and the weights of the loss: lambda * labels + (1 - lambda) * (alpha * T^2 * outputs + (1 - alpha) * bottlenecks).
/// The published values could not be had; T = 5 is recollected, the others are ours.
/// </summary>
public sealed record KdNetTeacherConfig
{
    [ConfigKey(
        "run folder of the teacher, which sees more channels; empty to train on labels alone",
        Form = "a folder",
        IsFree = true
    )]
    public FolderName Teacher { get; init; } = new("");

    [ConfigKey("hash of the teacher's weights; filled in when the run begins", Form = "32 hexadecimal digits")]
    public WeightsHash TeacherWeights { get; init; } = new("");

    [ConfigKey("share of the loss on labels; 1 for no distillation", Minimum = 0, Maximum = 1)]
    public double Lambda { get; init; } = 0.5;

    [ConfigKey("share of the outputs in the distillation; the bottlenecks have the rest", Minimum = 0, Maximum = 1)]
    public double Alpha { get; init; } = 0.5;

    [ConfigKey("temperature that softens the outputs", Minimum = 0, AboveMinimum = true)]
    public double Temperature { get; init; } = 5;

    [ConfigKey("whether the divergence of the outputs is multiplied by T^2, which keeps its gradient from falling with T")]
    public bool SquareTemperature { get; init; } = true;

    [ConfigKey("over what the divergence of the outputs is averaged")]
    public DivergenceMean Mean { get; init; } = DivergenceMean.Positions;
}
