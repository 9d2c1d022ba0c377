namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>One subject's volumes: where its images and its reference segmentation lie.</summary>
/// <param name="Id">The case's name: the image's file name without channel and ending.</param>
/// <param name="Modality">What it was imaged with.</param>
/// <param name="Images">The image files, one for each channel of the dataset, or those that a network sees.</param>
/// <param name="LabelPath">The reference segmentation; null for a test case that has none.</param>
/// <param name="IgnoredLabel">The value in the label file of voxels that losses and metrics leave out; null where there is
/// none.</param>
public sealed record DatasetCase(
    string Id,
    Modality Modality,
    IReadOnlyList<ChannelImage> Images,
    string? LabelPath,
    int? IgnoredLabel = null
)
{
    /// <summary>
    /// Cases of one group, such as the scans of a patient, are never on both sides of a split; null where dataset.json names no
    /// group of this one.
    /// </summary>
    public string? Group { get; init; }

    /// <summary>The image files, in the order of the channels.</summary>
    public IReadOnlyList<string> ImagePaths => [.. Images.Select(image => image.Path)];

    /// <summary>Whether both name the same files.</summary>
    public bool Equals(DatasetCase? other) =>
        other is not null
        && (Id, Modality, LabelPath, IgnoredLabel) == (other.Id, other.Modality, other.LabelPath, other.IgnoredLabel)
        && Images.SequenceEqual(other.Images);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Modality, LabelPath, Images.Count);
}
