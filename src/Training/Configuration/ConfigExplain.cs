namespace UnpairedSegEngine.Training.Configuration;

/// <summary>The table of all configuration keys, from the same attributes that check values.</summary>
public static class ConfigExplain
{
    /// <param name="keys">Which keys.</param>
    /// <param name="defaults">Has their defaults.</param>
    public static IReadOnlyList<ConfigExplanation> Table(ConfigKeys keys, object defaults) =>
        [.. keys.All.Select(key => new ConfigExplanation(key.Name, key.Allowed, key.TextIn(defaults), key.Meaning))];
}
