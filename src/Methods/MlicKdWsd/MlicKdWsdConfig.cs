using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.MlicKdWsd;

/// <summary>Which of the two networks a run trains.</summary>
public enum DistillationRole
{
    /// <summary>Classifies whole images; learns from labels, and from a teacher if one is named.</summary>
    Student,

    /// <summary>Finds where objects are, from labels of images alone (WSDDN).</summary>
    Teacher,
}

/// <summary>The method's own settings.</summary>
public sealed record MlicKdWsdConfig
{
    [ConfigKey("the detector that teaches, and how the student learns from it")]
    public MlicConfig Mlic { get; init; } = new();
}

/// <summary>
/// The teacher and the loss. Stage 1: features. Stage 2: labels + predictions * outputs. Defaults are the published ones.
/// </summary>
public sealed record MlicConfig
{
    [ConfigKey("what a run trains: the student, or the detector that is its teacher")]
    public DistillationRole Role { get; init; } = DistillationRole.Student;

    [ConfigKey("run folder of the teacher; empty to train a student on labels alone", Form = "a folder", IsFree = true)]
    public FolderName Teacher { get; init; } = new("");

    [ConfigKey("hash of the teacher's weights; filled in when the run begins", Form = "32 hexadecimal digits")]
    public WeightsHash TeacherWeights { get; init; } = new("");

    [ConfigKey(
        "places of an image that are looked at: the best ones where it has more, those that its edges suggest where it has none",
        Minimum = 1,
        Maximum = 4096
    )]
    public int Proposals { get; init; } = 500;

    [ConfigKey(
        "steps of stage 1, in which the student learns the teacher's features of regions; 0 for stage 2 alone",
        Minimum = 0
    )]
    public int FeatureSteps { get; init; }

    [ConfigKey("weight of the teacher's predictions in stage 2", Minimum = 0)]
    public double Predictions { get; init; } = 1;

    [ConfigKey(
        "temperature of the teacher's predictions: its scores before both softmaxes are divided by it",
        Minimum = 0,
        AboveMinimum = true
    )]
    public double Temperature { get; init; } = 0.5;

    [ConfigKey(
        "first value of the learnt scale of the student's logits where they imitate the teacher",
        Minimum = 0,
        AboveMinimum = true
    )]
    public double Scale { get; init; } = 0.2;

    [ConfigKey(
        "learning rate and decay of the last layers and the scale, as a multiple of the others'",
        Minimum = 0,
        AboveMinimum = true
    )]
    public double HeadRate { get; init; } = 10;
}
