namespace UnpairedSegEngine.Segmentation.Configuration;

/// <summary>The table of all configuration keys, from the same attributes that check values.</summary>
public static class ConfigExplain
{
    public static IReadOnlyList<ConfigExplanation> Table { get; } =
    [
        .. ConfigKeys.All.Select(key => new ConfigExplanation(
            key.Name,
            key.Allowed,
            key.TextIn(new TrainingConfig()),
            key.Meaning
        )),
    ];
}
