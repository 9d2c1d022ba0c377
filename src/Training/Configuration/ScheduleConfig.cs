namespace UnpairedSegEngine.Training.Configuration;

/// <summary>How long to train, and what happens how often. Steps count optimizer updates.</summary>
public sealed record ScheduleConfig
{
    [ConfigKey("training steps", Minimum = 1)]
    public int Steps { get; init; } = 150_000;

    [ConfigKey("samples of each modality in a step", Minimum = 1, Maximum = 4096)]
    public int Batch { get; init; } = 8;

    [ConfigKey("seed of initial weights, samples, augmentation and dropout", Minimum = 0)]
    public long Seed { get; init; }

    [ConfigKey("threads; 0 for all cores. Results don't depend on it", Minimum = 0, Maximum = 1024, IsFree = true)]
    public int Threads { get; init; }

    [ConfigKey("steps between validations; 0 for none", Minimum = 0)]
    public int ValidateEvery { get; init; } = 1000;

    [ConfigKey("steps between checkpoints; 0 for the last step only", Minimum = 0, IsFree = true)]
    public int SaveEvery { get; init; } = 1000;

    [ConfigKey("latest checkpoints kept, besides the best", Minimum = 1, Maximum = 1000, IsFree = true)]
    public int Keep { get; init; } = 2;

    [ConfigKey("steps between log records", Minimum = 1)]
    public int LogEvery { get; init; } = 10;
}
