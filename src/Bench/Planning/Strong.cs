namespace UnpairedSegEngine.Bench.Planning;

/// <summary>What the preset <c>strong</c> has, as far as it was measured to help or not to harm (docs/training.md).</summary>
internal static class Strong
{
    private const string Measured = "as in the preset strong, measured in docs/training.md",
        Varied = "as in the preset strong: more variation than the default, for few cases";

    public static IReadOnlyList<PlannedSetting> Augmentation { get; } =
    [
        new("augmentation.scale", "0.2", Varied),
        new("augmentation.gain", "0.2", Varied),
        new("augmentation.offset", "0.2", Varied),
        new("augmentation.gamma", "0.3", Varied),
        new("augmentation.noise", "0.1", Varied),
    ];

    public static IReadOnlyList<PlannedSetting> Optimizer { get; } =
    [
        new("optimizer.name", "sgd", Measured + ": ahead of Adam by 0.10 and 0.25 of Dice"),
        new("optimizer.learning_rate", "0.05", Measured + ", with its momentum"),
        new("optimizer.momentum", "0.9", "at 0.99, nnU-Net's, short runs were behind by 0.07 (docs/training.md)"),
        new("optimizer.nesterov", "true", "as nnU-Net"),
        new(
            "optimizer.schedule",
            "poly",
            "falls to 0 at the last step (nnU-Net), so that nothing has to be tuned to the number of steps"
        ),
        new("optimizer.warm_up", "50", Measured),
        new("optimizer.clip", "12", "as nnU-Net"),
    ];
}
