using System.Globalization;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>How volumes become samples.</summary>
public sealed record DataConfig
{
    /// <summary>
    /// By name of a modality or of a channel, in the form that <see cref="IntensityNormalization.Parse"/> reads; the default for
    /// those not named.
    /// </summary>
    [ConfigKey(
        "intensity normalization by modality name, or by channel name in a dataset of several channels: none, "
            + "window(lo,hi), zscore, body_zscore, percentile(lower,upper) or "
            + "unpadded_percentile(lower,upper); unpadded_percentile(0.5,99.5) for those not named"
    )]
    public IReadOnlyDictionary<string, string> Normalization { get; init; } =
        new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>By modality: how many training cases it has at most, the first of the split; all where it is not named.</summary>
    [ConfigKey("most training cases of a modality, by its name: the first of the split; all of those not named")]
    public IReadOnlyDictionary<string, string> Limit { get; init; } =
        new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Which channels of a case the network sees; empty for all.</summary>
    [ConfigKey(
        "channels of a case that the network sees, in a dataset of several co-registered channels; empty for all",
        Form = "names or numbers such as T1,T2"
    )]
    public ChannelList Channels { get; init; } = new("");

    /// <summary><see cref="Limit"/> as numbers.</summary>
    public IReadOnlyDictionary<string, int> MostCases =>
        Limit.ToDictionary(entry => entry.Key, entry => int.Parse(entry.Value, CultureInfo.InvariantCulture));

    /// <summary>The network's voxels in mm; zeros fit whole slices into samples.</summary>
    [ConfigKey(
        "size of the network's voxels in mm, left-right, front-back, feet-head; 0 fits whole slices into samples and "
            + "keeps the distance of slices",
        Form = "three numbers such as 3,3,5"
    )]
    public VoxelSpacing Spacing { get; init; }

    /// <summary>Slices of a block, 1 to 512, for networks on volumes.</summary>
    [ConfigKey("slices of a sample (unet3d)", Minimum = 1, Maximum = 512)]
    public int Depth { get; init; } = 8;

    /// <summary>MiB that prepared cases may take; a run whose cases need more is refused.</summary>
    [ConfigKey(
        "memory for prepared volumes, MiB; training stops with a message where they need more",
        Minimum = 1,
        IsFree = true
    )]
    public int CacheMegabytes { get; init; } = 4096;

    /// <summary>
    /// Neighbouring slices that a slice is seen with, odd, 1 to 31, for networks on slices; the middle one carries the label.
    /// </summary>
    [ConfigKey("neighbouring slices per sample, odd; the middle one carries the label (dilated2d)", Minimum = 1, Maximum = 31)]
    public int Slices { get; init; } = 3;

    /// <summary>Height and width of a sample, 8 to 4096 pixels of the network's grid.</summary>
    [ConfigKey("height and width of a sample, pixels", Minimum = 8, Maximum = 4096)]
    public int Size { get; init; } = 256;

    /// <summary>Share of samples, 0 to 1, drawn around foreground: slices that show some, or blocks centred on it.</summary>
    [ConfigKey(
        "share of samples that are drawn around foreground: a slice with it, or a block centred on it",
        Minimum = 0,
        Maximum = 1
    )]
    public double ForegroundFraction { get; init; } = 0.5;
}
