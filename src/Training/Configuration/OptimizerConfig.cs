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
    /// <summary>Which optimizer updates the weights; the other keys are its own and its schedule's.</summary>
    [ConfigKey("optimizer")]
    public OptimizerName Name { get; init; } = OptimizerName.Adam;

    /// <summary>Rate of the first steps, above 0, before <see cref="Schedule"/> lowers it.</summary>
    [ConfigKey("learning rate of the first step", Minimum = 0, AboveMinimum = true)]
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Decay of the running mean of gradients, 0 to 0.999999 (Kingma and Ba, arXiv:1412.6980).</summary>
    [ConfigKey("decay of the first moment (adam)", Minimum = 0, Maximum = 0.999999)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the running mean of squared gradients, 0 to 0.999999.</summary>
    [ConfigKey("decay of the second moment (adam)", Minimum = 0, Maximum = 0.999999)]
    public double Beta2 { get; init; } = 0.999;

    /// <summary>
    /// Added to the root of the mean square, above 0; larger values damp steps of parameters with small gradients.
    /// </summary>
    [ConfigKey("added to the root of the second moment (adam)", Minimum = 0, AboveMinimum = true)]
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Share of the velocity that the next step keeps, 0 to 0.999999 (Polyak 1964).</summary>
    [ConfigKey("what stays of the velocity from step to step; 0 for plain descent (sgd)", Minimum = 0, Maximum = 0.999999)]
    public double Momentum { get; init; } = 0.9;

    /// <summary>Whether the gradient's step is taken from where the velocity leads (Nesterov 1983).</summary>
    [ConfigKey("whether a step looks ahead by the velocity (sgd)")]
    public bool Nesterov { get; init; }

    /// <summary>What the rate is multiplied with every <see cref="DecayEvery"/> steps, above 0; 1 keeps it constant.</summary>
    [ConfigKey("the learning rate is multiplied by this now and then", Minimum = 0, Maximum = 1, AboveMinimum = true)]
    public double DecayFactor { get; init; } = 0.95;

    /// <summary>Steps from one decay of the rate to the next, at least 1.</summary>
    [ConfigKey("steps between two such decays", Minimum = 1)]
    public int DecayEvery { get; init; } = 1000;

    /// <summary>Steps after which the rate decays, instead of <see cref="DecayEvery"/>; none by default.</summary>
    [ConfigKey(
        "steps after which the learning rate is multiplied by the decay factor, instead of every so many steps; empty for none",
        Form = "ascending steps such as 8000,12000"
    )]
    public StepList Milestones { get; init; } = new("");

    /// <summary>The learning rate of each step.</summary>
    public ISchedule Schedule =>
        Milestones.Steps is { Count: > 0 } milestones
            ? new MultiStepDecay(LearningRate, DecayFactor, milestones)
            : new StepDecay(LearningRate, DecayFactor, DecayEvery);
}
