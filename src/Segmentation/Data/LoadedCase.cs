using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>A case's checked volumes on their own grid, which is one for all of them.</summary>
/// <param name="Id">The case's name.</param>
/// <param name="Modality">What it was imaged with.</param>
/// <param name="Images">By channel: intensities as stored (scaled), all finite.</param>
/// <param name="Labels">The reference segmentation, classes and <see cref="LabelValue.Ignored"/> only; null where there is
/// none.</param>
public sealed record LoadedCase(string Id, Modality Modality, IReadOnlyList<Volume<float>> Images, Volume<byte>? Labels)
{
    /// <summary>A case of one channel.</summary>
    public LoadedCase(string id, Modality modality, Volume<float> image, Volume<byte>? labels)
        : this(id, modality, [image], labels) { }

    /// <summary>The grid of all volumes.</summary>
    public Geometry Geometry => Images[0].Geometry;

    /// <summary>Names of the channels that the images are of; empty where they are of no dataset.</summary>
    public IReadOnlyList<string> ChannelNames { get; init; } = [];

    /// <summary>Tells the case from a changed one.</summary>
    public CaseFingerprint Fingerprint => CaseFingerprint.Of(this);

    /// <summary>Oddities of the files that were accepted, one line each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
