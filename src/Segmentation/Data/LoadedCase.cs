using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>A case's checked volumes on their own grid.</summary>
/// <param name="Id">The case's name.</param>
/// <param name="Modality">What it was imaged with.</param>
/// <param name="Image">Intensities as stored (scaled), all finite.</param>
/// <param name="Labels">The reference segmentation, classes and <see cref="LabelValue.Ignored"/> only; null where there is
/// none.</param>
public sealed record LoadedCase(string Id, Modality Modality, Volume<float> Image, Volume<byte>? Labels)
{
    /// <summary>Tells the case from a changed one.</summary>
    public CaseFingerprint Fingerprint => CaseFingerprint.Of(this);

    /// <summary>Oddities of the files that were accepted, one line each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
