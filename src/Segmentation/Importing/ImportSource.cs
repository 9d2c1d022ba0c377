namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>A foreign dataset as it was found, before any volume is read.</summary>
/// <param name="Path">As it was given.</param>
/// <param name="Format">What it is, in words.</param>
/// <param name="Cases">In its own order.</param>
internal sealed record ImportSource(string Path, string Format, IReadOnlyList<ImportCase> Cases)
{
    /// <summary>Label values by class name, the background among them; null where the dataset names no classes.</summary>
    public IReadOnlyDictionary<string, int>? Labels { get; init; }

    /// <summary>Names of the co-registered images of a case.</summary>
    public IReadOnlyList<string> Channels { get; init; } = [""];

    /// <summary>Folds of its own: names of cases; empty where it has none.</summary>
    public IReadOnlyList<(HashSet<string> Train, HashSet<string> Validation)> Folds { get; init; } = [];

    /// <summary>What was passed over, one line each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
