using UnpairedSegEngine.Segmentation.Configuration;

namespace UnpairedSegEngine.Segmentation.Provenance;

/// <summary>A configuration as names and texts.</summary>
public static class RunSettings
{
    /// <summary>No result depends on these: a run may go on with others.</summary>
    private static readonly HashSet<string> Free =
    [
        "training.threads",
        "training.keep",
        "training.save_every",
        "data.cache_megabytes",
    ];

    private static readonly string[] PredictionGroups =
    [
        "network.",
        "data.size",
        "data.slices",
        "data.channels",
        "data.depth",
        "data.spacing",
        "data.normalization.",
    ];

    /// <summary>Whether results depend on a key.</summary>
    public static bool Matters(string key) => !Free.Contains(key);

    /// <summary>Whether predictions with given weights depend on a key.</summary>
    public static bool MattersForPrediction(string key) =>
        key == "scheme" || PredictionGroups.Any(group => key.StartsWith(group, StringComparison.Ordinal));

    /// <summary>All settings that results depend on, in the order of the keys.</summary>
    public static IReadOnlyDictionary<string, string> Of(TrainingConfig config)
    {
        var settings = new Dictionary<string, string>();
        foreach (ConfigKey key in ConfigKeys.All.Where(key => Matters(key.Name)))
        {
            // A key without text sets nothing: runs from before there was the key have no other settings.
            if (!key.IsMap && key.TextIn(config) is { Length: > 0 } text)
                settings[key.Name] = text;
            else if (key.IsMap)
                foreach ((string entry, string value) in (IReadOnlyDictionary<string, string>)key.ValueIn(config))
                    settings[$"{key.Name}.{entry}"] = value;
        }

        return settings;
    }

    /// <summary>What is another now: "optimizer.learning_rate was 0.001 and is 0.0001 now".</summary>
    public static IEnumerable<string> Differences(
        IReadOnlyDictionary<string, string> before,
        IReadOnlyDictionary<string, string> now
    ) =>
        before
            .Keys.Union(now.Keys)
            .Where(key => before.GetValueOrDefault(key) != now.GetValueOrDefault(key))
            .Select(key =>
                $"{key} was {before.GetValueOrDefault(key) ?? "absent"} and is {now.GetValueOrDefault(key) ?? "absent"} now"
            );
}
