using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>What distillation does with a class that a modality's batch lacks.</summary>
public enum AbsentClass
{
    /// <summary>Leaves it out.</summary>
    Skip,

    /// <summary>Compares with the uniform distribution, as the published code.</summary>
    Uniform,
}

/// <summary>How distillation compares the modalities' class distributions.</summary>
public enum DistillationForm
{
    /// <summary>Mean of both Kullback-Leibler divergences.</summary>
    SymmetricKl,

    /// <summary>Half the squared difference.</summary>
    L2,

    /// <summary>Kullback-Leibler divergence from one modality, which does not move, to the others.</summary>
    OneWay,
}

/// <summary>Distillation between the modalities.</summary>
public sealed record DistillationConfig
{
    [ConfigKey("weight; 0 for none", Minimum = 0)]
    public double Weight { get; init; } = 0.5;

    [ConfigKey("temperature that softens the distributions", Minimum = 0, AboveMinimum = true)]
    public double Temperature { get; init; } = 2;

    [ConfigKey("a class absent from a modality's batch")]
    public AbsentClass Absent { get; init; } = AbsentClass.Skip;

    [ConfigKey(
        "decay of running means over batches of what is compared; 0 for each batch on its own, as published",
        Minimum = 0,
        Maximum = 0.9999,
        Earlier = "0"
    )]
    public double Memory { get; init; } = 0.9;

    [ConfigKey(
        "also log what it would be between halves of one modality's samples (loss/kd_floor); takes a second pass over the logits"
    )]
    public bool Floor { get; init; } = true;

    [ConfigKey("comparison")]
    public DistillationForm Form { get; init; } = DistillationForm.SymmetricKl;

    [ConfigKey(
        "the modality that the others learn from under one_way: its place among the dataset's domains",
        Minimum = 0,
        Maximum = 15
    )]
    public int Teacher { get; init; }
}
