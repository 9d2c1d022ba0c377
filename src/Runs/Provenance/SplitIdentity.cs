using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Runs.Provenance;

/// <summary>Which cases a run learns from, is validated and judged on, by name.</summary>
/// <param name="Fold">Of splits_final.json.</param>
/// <param name="Train">Names, sorted.</param>
/// <param name="Validation">Names, sorted.</param>
/// <param name="Test">Names, sorted.</param>
public sealed record SplitIdentity(
    int Fold,
    IReadOnlyList<string> Train,
    IReadOnlyList<string> Validation,
    IReadOnlyList<string> Test
)
{
    public static SplitIdentity Of(int fold, DatasetSplit split) =>
        new(fold, Names(split.Train), Names(split.Validation), Names(split.Test));

    /// <summary>
    /// What is another now, as the rest of a sentence; null where nothing is. Test cases may come: a run does not depend on them.
    /// </summary>
    public string? DifferenceTo(SplitIdentity now)
    {
        if (Fold != now.Fold)
            return $"the fold was {Fold} and is {now.Fold} now";
        return Moved("training", Train, now.Train) ?? Moved("validation", Validation, now.Validation);
    }

    private static string? Moved(string part, IReadOnlyList<string> before, IReadOnlyList<string> now)
    {
        if (before.Except(now).FirstOrDefault() is { } gone)
            return $"'{gone}' was a {part} case and is none now";
        return now.Except(before).FirstOrDefault() is { } come ? $"'{come}' is a {part} case now and was none" : null;
    }

    private static IReadOnlyList<string> Names(IEnumerable<DatasetCase> cases) =>
        [.. cases.Select(c => c.Id).Order(StringComparer.Ordinal)];
}
