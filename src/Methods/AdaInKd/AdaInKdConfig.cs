using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.AdaInKd;

/// <summary>How the frozen teacher judges the student's statistics.</summary>
public enum TeacherVerdict
{
    /// <summary>The mean square between its logits with the student's statistics and its own.</summary>
    Logits,

    /// <summary>The divergence of its softened probabilities with the student's statistics from its own.</summary>
    Divergence,

    /// <summary>The loss on labels of its logits with the student's statistics.</summary>
    Labels,
}

/// <summary>The method's own settings.</summary>
public sealed record AdaInKdConfig
{
    [ConfigKey("the teacher, and how the student learns its statistics")]
    public AdaInConfig Adain { get; init; } = new();
}

/// <summary>
/// The teacher and weights of the loss: labels + statistics * L_stat + adaptive * L_ada + between * L_mod. The published weights
/// could not be had; 1 and 1 are ours.
/// </summary>
public sealed record AdaInConfig
{
    [ConfigKey("run folder of the teacher; empty to train on labels alone", Form = "a folder", IsFree = true)]
    public FolderName Teacher { get; init; } = new("");

    [ConfigKey("hash of the teacher's weights; filled in when the run begins", Form = "32 hexadecimal digits")]
    public WeightsHash TeacherWeights { get; init; } = new("");

    [ConfigKey(
        "stages of both networks whose statistics are compared: group1 to group3 of a resnet, g1 to g10 of dilated2d, enc1 to "
            + "enc4 and dec3 to dec1 of unet3d; the bottleneck of these two, if not given",
        Form = "names such as group2,group3"
    )]
    public StageNames Stages { get; init; } = new("group3");

    [ConfigKey("weight of the squares between the statistics themselves (L_stat)", Minimum = 0)]
    public double Statistics { get; init; } = 1;

    [ConfigKey("weight of the teacher's verdict on the student's statistics (L_ada)", Minimum = 0)]
    public double Adaptive { get; init; } = 1;

    [ConfigKey(
        "weight of the squares between the statistics of the modalities, with or without a teacher (volumes)",
        Minimum = 0
    )]
    public double Between { get; init; }

    [ConfigKey("how the teacher judges")]
    public TeacherVerdict Verdict { get; init; } = TeacherVerdict.Logits;

    [ConfigKey("temperature that softens the outputs (divergence)", Minimum = 0, AboveMinimum = true)]
    public double Temperature { get; init; } = 4;
}
