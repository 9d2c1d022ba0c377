namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>One subject's volume: where its image and its reference segmentation lie.</summary>
/// <param name="Id">The case's name: the image's file name without channel and ending.</param>
/// <param name="Modality">What it was imaged with.</param>
/// <param name="ImagePath">The image file.</param>
/// <param name="LabelPath">The reference segmentation; null for a test case that has none.</param>
/// <param name="IgnoredLabel">The value in the label file of voxels that losses and metrics leave out; null where there is
/// none.</param>
public sealed record DatasetCase(string Id, Modality Modality, string ImagePath, string? LabelPath, int? IgnoredLabel = null);
