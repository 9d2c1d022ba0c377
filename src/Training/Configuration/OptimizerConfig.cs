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

/// <summary>How the learning rate falls.</summary>
public enum RateSchedule
{
    /// <summary>By a factor, every so many steps or at milestones.</summary>
    Steps,

    /// <summary>To zero at the last step: (1 - t / T)^power (Chen et al. 2018, arXiv:1606.00915).</summary>
    Poly,

    /// <summary>To zero at the last step, along half a wave (Loshchilov and Hutter 2017, arXiv:1608.03983).</summary>
    Cosine,
}

/// <summary>The optimizer and its schedule. What is one optimizer's alone does nothing under another.</summary>
public sealed record OptimizerConfig
{
    /// <summary>Which optimizer updates the weights; the other keys are its own and its schedule's.</summary>
    [ConfigKey("optimizer")]
    public OptimizerName Name { get; init; } = OptimizerName.Adam;

    /// <summary>Rate of the first steps, above 0, before <see cref="ScheduleFor"/> lowers it.</summary>
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

    /// <summary>How the rate falls.</summary>
    [ConfigKey(
        "how the learning rate falls: by decay_factor now and then, as (1 - t/T)^power to zero at training.steps, or as half a "
            + "cosine wave to zero there"
    )]
    public RateSchedule Schedule { get; init; } = RateSchedule.Steps;

    /// <summary>Of <see cref="RateSchedule.Poly"/>, above 0 to 10; 1 for a straight line.</summary>
    [ConfigKey("exponent of the schedule poly; 1 for a straight line", Minimum = 0, Maximum = 10, AboveMinimum = true)]
    public double Power { get; init; } = 0.9;

    /// <summary>First steps, whose rate rises along a straight line to that of the schedule; 0 for none.</summary>
    [ConfigKey("first steps, in which the learning rate rises in a straight line; 0 for none", Minimum = 0)]
    public int WarmUp { get; init; }

    /// <summary>
    /// Largest norm of the gradients of all that the optimizer updates, L2 penalty left out; larger ones are scaled down. 0 for
    /// no limit.
    /// </summary>
    [ConfigKey("gradients whose common norm is larger are scaled down to it, before L2 joins them; 0 for no limit", Minimum = 0)]
    public double Clip { get; init; }

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
    /// <param name="steps">Of the whole training.</param>
    public ISchedule ScheduleFor(long steps)
    {
        ISchedule schedule = Schedule switch
        {
            RateSchedule.Steps when Milestones.Steps is { Count: > 0 } milestones => new MultiStepDecay(
                LearningRate,
                DecayFactor,
                milestones
            ),
            RateSchedule.Steps => new StepDecay(LearningRate, DecayFactor, DecayEvery),
            RateSchedule.Poly => new PolynomialDecay(LearningRate, steps, Power),
            RateSchedule.Cosine => new CosineDecay(LearningRate, steps),
            _ => throw new InvalidOperationException($"no schedule {Schedule}"),
        };
        return WarmUp == 0 ? schedule : new WarmUp(schedule, WarmUp);
    }
}
