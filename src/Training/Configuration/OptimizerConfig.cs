using UnpairedSegEngine.Schedules;

namespace UnpairedSegEngine.Training.Configuration;

/// <summary>Which optimizer.</summary>
public enum OptimizerName
{
    /// <summary>Adam in TensorFlow's form (epsilon is not bias-corrected).</summary>
    Adam,

    /// <summary>Stochastic gradient descent with momentum, in PyTorch's form.</summary>
    Sgd,
}

/// <summary>The optimizer and its schedule. What is one optimizer's alone does nothing under another.</summary>
public sealed record OptimizerConfig
{
    [ConfigKey("optimizer")]
    public OptimizerName Name { get; init; } = OptimizerName.Adam;

    [ConfigKey("learning rate of the first step", Minimum = 0, AboveMinimum = true)]
    public double LearningRate { get; init; } = 1e-3;

    [ConfigKey("decay of the first moment (adam)", Minimum = 0, Maximum = 0.999999)]
    public double Beta1 { get; init; } = 0.9;

    [ConfigKey("decay of the second moment (adam)", Minimum = 0, Maximum = 0.999999)]
    public double Beta2 { get; init; } = 0.999;

    [ConfigKey("added to the root of the second moment (adam)", Minimum = 0, AboveMinimum = true)]
    public double Epsilon { get; init; } = 1e-8;

    [ConfigKey("what stays of the velocity from step to step; 0 for plain descent (sgd)", Minimum = 0, Maximum = 0.999999)]
    public double Momentum { get; init; } = 0.9;

    [ConfigKey("whether a step looks ahead by the velocity (sgd)")]
    public bool Nesterov { get; init; }

    [ConfigKey("the learning rate is multiplied by this now and then", Minimum = 0, Maximum = 1, AboveMinimum = true)]
    public double DecayFactor { get; init; } = 0.95;

    [ConfigKey("steps between two such decays", Minimum = 1)]
    public int DecayEvery { get; init; } = 1000;

    /// <summary>The learning rate of each step.</summary>
    public ISchedule Schedule => new StepDecay(LearningRate, DecayFactor, DecayEvery);
}
