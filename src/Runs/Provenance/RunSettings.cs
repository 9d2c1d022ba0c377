using UnpairedSegEngine.Methods.Configuration;

namespace UnpairedSegEngine.Runs.Provenance;

/// <summary>A configuration as names and texts.</summary>
public static class RunSettings
{
    private static readonly string[] PredictionGroups =
    [
        "network.",
        "data.size",
        "data.slices",
        "data.channels",
        "data.depth",
        "data.spacing",
        "data.normalization.",
        "classifier.",
    ];

    private static readonly Lazy<IReadOnlyDictionary<string, string>> Defaults = new(() => Of(new TrainingConfig()));

    /// <summary>Whether results depend on a key.</summary>
    public static bool Matters(string key) => AllMethods.Keys.Resolve(key) is not var (known, _) || !known.IsFree;

    /// <summary>Whether predictions with given weights depend on a key.</summary>
    public static bool MattersForPrediction(string key) =>
        key == "scheme" || PredictionGroups.Any(group => key.StartsWith(group, StringComparison.Ordinal));

    /// <summary>All settings that results depend on, in the order of the keys.</summary>
    public static IReadOnlyDictionary<string, string> Of(TrainingConfig config) =>
        config
            .Keys.All.Where(key => !key.IsFree)
            .SelectMany(key => key.EntriesIn(config))
            // A key without text sets nothing: runs from before there was the key have no other settings.
            .Where(entry => entry.Value.Length > 0)
            .ToDictionary(entry => entry.Key, entry => entry.Value);

    /// <summary>What is another now: "optimizer.learning_rate was 0.001 and is 0.0001 now".</summary>
    public static IEnumerable<string> Differences(
        IReadOnlyDictionary<string, string> before,
        IReadOnlyDictionary<string, string> now
    ) =>
        before
            .Keys.Union(now.Keys)
            .Where(key => before.GetValueOrDefault(key) != now.GetValueOrDefault(key) && !IsNewDefault(key, before, now))
            .Select(key =>
                $"{key} was {before.GetValueOrDefault(key) ?? "absent"} and is {now.GetValueOrDefault(key) ?? "absent"} now"
            );

    /// <summary>Whether a key that an earlier version did not have is at the value that was the only one then.</summary>
    private static bool IsNewDefault(
        string key,
        IReadOnlyDictionary<string, string> before,
        IReadOnlyDictionary<string, string> now
    ) => !before.ContainsKey(key) && now[key] == (EarlierOf(key) ?? Defaults.Value.GetValueOrDefault(key));

    private static string? EarlierOf(string key) => AllMethods.Keys.Resolve(key) is var (known, _) ? known.Earlier : null;
}
