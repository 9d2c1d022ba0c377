namespace UnpairedSegEngine.Segmentation.Configuration;

/// <summary>How volumes become samples.</summary>
public sealed record DataConfig
{
    [ConfigKey("intensity normalization by modality name: none, window(lo,hi), zscore, body_zscore or percentile(lower,upper); percentile(0.5,99.5) for those not named")]
    public IReadOnlyDictionary<string, string> Normalization { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    [ConfigKey("neighbouring slices per sample, odd; the middle one carries the label", Minimum = 1, Maximum = 31)]
    public int Slices { get; init; } = 3;

    [ConfigKey("height and width of a sample, pixels", Minimum = 8, Maximum = 4096)]
    public int Size { get; init; } = 256;

    [ConfigKey("share of samples that are drawn among slices with foreground", Minimum = 0, Maximum = 1)]
    public double ForegroundFraction { get; init; } = 0.5;
}
