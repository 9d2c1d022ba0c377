using System.Globalization;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>How volumes become samples.</summary>
public sealed record DataConfig
{
    [ConfigKey(
        "intensity normalization by modality name, or by channel name in a dataset of several channels: none, "
            + "window(lo,hi), zscore, body_zscore, percentile(lower,upper) or "
            + "unpadded_percentile(lower,upper); unpadded_percentile(0.5,99.5) for those not named"
    )]
    public IReadOnlyDictionary<string, string> Normalization { get; init; } =
        new SortedDictionary<string, string>(StringComparer.Ordinal);

    [ConfigKey("most training cases of a modality, by its name: the first of the split; all of those not named")]
    public IReadOnlyDictionary<string, string> Limit { get; init; } =
        new SortedDictionary<string, string>(StringComparer.Ordinal);

    [ConfigKey(
        "channels of a case that the network sees, in a dataset of several co-registered channels; empty for all",
        Form = "names or numbers such as T1,T2"
    )]
    public ChannelList Channels { get; init; } = new("");

    /// <summary><see cref="Limit"/> as numbers.</summary>
    public IReadOnlyDictionary<string, int> MostCases =>
        Limit.ToDictionary(entry => entry.Key, entry => int.Parse(entry.Value, CultureInfo.InvariantCulture));

    [ConfigKey(
        "size of the network's voxels in mm, left-right, front-back, feet-head; 0 fits whole slices into samples and "
            + "keeps the distance of slices",
        Form = "three numbers such as 3,3,5"
    )]
    public VoxelSpacing Spacing { get; init; }

    [ConfigKey("slices of a sample (unet3d)", Minimum = 1, Maximum = 512)]
    public int Depth { get; init; } = 8;

    [ConfigKey("memory for prepared volumes, MiB; training stops with a message where they need more", Minimum = 1, IsFree = true)]
    public int CacheMegabytes { get; init; } = 4096;

    [ConfigKey("neighbouring slices per sample, odd; the middle one carries the label (dilated2d)", Minimum = 1, Maximum = 31)]
    public int Slices { get; init; } = 3;

    [ConfigKey("height and width of a sample, pixels", Minimum = 8, Maximum = 4096)]
    public int Size { get; init; } = 256;

    [ConfigKey(
        "share of samples that are drawn around foreground: a slice with it, or a block centred on it",
        Minimum = 0,
        Maximum = 1
    )]
    public double ForegroundFraction { get; init; } = 0.5;
}
