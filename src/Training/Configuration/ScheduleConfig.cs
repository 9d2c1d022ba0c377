namespace UnpairedSegEngine.Training.Configuration;

/// <summary>How long to train, and what happens how often. Steps count optimizer updates.</summary>
public sealed record ScheduleConfig
{
    /// <summary>Updates in all, at least 1; those of a run that goes on are counted from its beginning.</summary>
    [ConfigKey("training steps", Minimum = 1)]
    public int Steps { get; init; } = 150_000;

    /// <summary>Samples of each modality in a step, 1 to 4096.</summary>
    [ConfigKey("samples of each modality in a step", Minimum = 1, Maximum = 4096)]
    public int Batch { get; init; } = 8;

    /// <summary>
    /// Decay of the running means of the weights that are validated and predict, 0 to 0.999999; 0 for the weights as they are.
    /// </summary>
    [ConfigKey(
        "decay of running means of the weights, which validate and predict; 0 for the last weights",
        Minimum = 0,
        Maximum = 0.999999
    )]
    public double Average { get; init; }

    /// <summary>Seed of initial weights, samples, augmentation and dropout, at least 0.</summary>
    [ConfigKey("seed of initial weights, samples, augmentation and dropout", Minimum = 0)]
    public long Seed { get; init; }

    /// <summary>Threads of the processor, 0 for all cores; results do not depend on it.</summary>
    [ConfigKey("threads; 0 for all cores. Results don't depend on it", Minimum = 0, Maximum = 1024, IsFree = true)]
    public int Threads { get; init; }

    /// <summary>Steps from one validation to the next; 0 for none, and then no best checkpoint is kept.</summary>
    [ConfigKey("steps between validations; 0 for none", Minimum = 0)]
    public int ValidateEvery { get; init; } = 1000;

    /// <summary>Steps from one checkpoint to the next; 0 for one at the end only.</summary>
    [ConfigKey("steps between checkpoints; 0 for the last step only", Minimum = 0, IsFree = true)]
    public int SaveEvery { get; init; } = 1000;

    /// <summary>How many of the latest checkpoints stay beside the best one, 1 to 1000.</summary>
    [ConfigKey("latest checkpoints kept, besides the best", Minimum = 1, Maximum = 1000, IsFree = true)]
    public int Keep { get; init; } = 2;

    /// <summary>Steps from one record of the losses to the next, at least 1.</summary>
    [ConfigKey("steps between log records", Minimum = 1)]
    public int LogEvery { get; init; } = 10;

    /// <summary>Validations without a better smoothed score after which training ends; 0 for never.</summary>
    [ConfigKey("validations without a better smoothed score after which training ends; 0 for never", Minimum = 0)]
    public int Patience { get; init; }

    /// <summary>Share of the smoothed score that stays at each validation, 0 for none to 0.99.</summary>
    [ConfigKey(
        "what stays of the smoothed score at each validation, which training.patience looks at; 0 for each score by itself",
        Minimum = 0,
        Maximum = 0.99
    )]
    public double Smoothing { get; init; } = 0.7;

    /// <summary>Parameters that stay as they are; none by default.</summary>
    [ConfigKey(
        "parameters that do not learn, by name, layer or stage; their running statistics go on. Empty for none",
        Form = "patterns such as enc*,dec3"
    )]
    public NamePatterns Freeze { get; init; } = new("");

    /// <summary>Whether a step is one of those that have something every so many steps, and at the end; 0 for never.</summary>
    public bool IsDue(int every, long step) => every > 0 && (step % every == 0 || step == Steps);
}
