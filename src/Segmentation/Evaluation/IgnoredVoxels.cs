using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>
/// Voxels that a reference says nothing about are background in prediction and reference when they are scored. They count in no
/// score; a structure that reaches into them
/// ends there in both maps, as at the border of a volume, so that cut is surface of both.
/// </summary>
internal static class IgnoredVoxels
{
    /// <summary>Both maps without the voxels that the reference ignores; the maps themselves where it ignores none.</summary>
    public static (Volume<byte> Prediction, Volume<byte> Reference) Mask(Volume<byte> prediction, Volume<byte> reference) =>
        reference.Voxels.AsSpan().Contains(LabelValue.Ignored)
            ? (Without(prediction, reference), Without(reference, reference))
            : (prediction, reference);

    private static Volume<byte> Without(Volume<byte> labels, Volume<byte> reference)
    {
        var result = new Volume<byte>(labels.Geometry);
        for (int i = 0; i < result.Voxels.Length; i++)
            result.Voxels[i] = reference.Voxels[i] == LabelValue.Ignored ? LabelValue.Background : labels.Voxels[i];
        return result;
    }
}
