using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.AmtmlKd;

/// <summary>How the outputs of several teachers become one target.</summary>
public enum TeacherWeighting
{
    /// <summary>By weights of each sample, which are learnt.</summary>
    Adaptive,

    /// <summary>All teachers alike: what the learnt weights are compared with.</summary>
    Equal,
}

/// <summary>What the teachers' weights are learnt from.</summary>
public enum WeightsSource
{
    /// <summary>The student's own losses, as published: the target that the student is nearest to costs least.</summary>
    Distillation,

    /// <summary>The likelihood of the labels by the target: the teacher who is right weighs most.</summary>
    Labels,
}

/// <summary>The method's own settings.</summary>
public sealed record AmtmlKdConfig
{
    [ConfigKey("the teachers, and how the student learns from them")]
    public AmtmlConfig Amtml { get; init; } = new();
}

/// <summary>
/// Teachers and weights of the loss: (1 - lambda) * labels + lambda * 2 * T^2 * outputs + angle * angles + distance * distances +
/// hint * hints. Defaults are the published ones but for the adapter's penalty, which is 0.1 there.
/// </summary>
public sealed record AmtmlConfig
{
    [ConfigKey("run folder of each teacher, by a name of yours; none to train on labels alone", IsFree = true)]
    public IReadOnlyDictionary<string, string> Teachers { get; init; } =
        new SortedDictionary<string, string>(StringComparer.Ordinal);

    [ConfigKey("hash of each teacher's weights, by its name; filled in when the run begins")]
    public IReadOnlyDictionary<string, string> TeacherHashes { get; init; } =
        new SortedDictionary<string, string>(StringComparer.Ordinal);

    [ConfigKey("how the teachers' outputs become one target: by learnt weights of each sample, or all alike")]
    public TeacherWeighting Weighting { get; init; } = TeacherWeighting.Adaptive;

    [ConfigKey("what the teachers' weights are learnt from: the distillation, as published, or the labels")]
    public WeightsSource WeightsFrom { get; init; } = WeightsSource.Labels;

    [ConfigKey("share of the teachers' outputs in the loss; labels have the rest", Minimum = 0, Maximum = 1)]
    public double Lambda { get; init; } = 0.7;

    [ConfigKey("temperature that softens the outputs", Minimum = 0, AboveMinimum = true)]
    public double Temperature { get; init; } = 5;

    [ConfigKey("weight of the angles between the predictions of a batch (RKD-A)", Minimum = 0)]
    public double Angle { get; init; } = 1;

    [ConfigKey("weight of the distances between the predictions of a batch (RKD-D); the published code has 1", Minimum = 0)]
    public double Distance { get; init; }

    [ConfigKey(
        "weight of the hints: features of the student's groups against those of the teachers, one teacher a group",
        Minimum = 0
    )]
    public double Hint { get; init; } = 1;

    [ConfigKey("steps in which hints and the teachers' weights are learnt, before the student alone; 0 for all", Minimum = 0)]
    public int AdapterSteps { get; init; }

    [ConfigKey("learning rate of the teachers' weights (sgd)", Minimum = 0, AboveMinimum = true)]
    public double AdapterRate { get; init; } = 0.1;

    [ConfigKey("momentum of the teachers' weights (sgd)", Minimum = 0, Maximum = 0.999999)]
    public double AdapterMomentum { get; init; } = 0.9;

    [ConfigKey(
        "steps after which the rate of the teachers' weights falls to a tenth; empty for none",
        Form = "ascending steps such as 4000,7000"
    )]
    public StepList AdapterMilestones { get; init; } = new("");

    [ConfigKey(
        "penalty on the squared norms of the latent vectors; at the published 0.1 they go to zero, and all teachers weigh alike",
        Minimum = 0
    )]
    public double AdapterPenalty { get; init; } = 1e-4;
}
