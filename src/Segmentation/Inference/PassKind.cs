using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>What two forward passes must have in common to be replays of each other.</summary>
/// <param name="Images">(samples, depth, height, width, channels).</param>
/// <param name="Modality">Number of the modality of all samples.</param>
/// <param name="TakesLabels">Whether the pass ends with the class of the greatest logit, not with the logits.</param>
/// <param name="IsFetched">Whether the host reads the result.</param>
internal sealed record PassKind(Shape Images, int Modality, bool TakesLabels = false, bool IsFetched = false)
{
    /// <summary>Elements of a sample's image.</summary>
    public int ImageLength => checked((int)(Images.Count / Images[0]));

    /// <summary>Pixels, or voxels, of a sample.</summary>
    public int Positions => ImageLength / Images[4];
}
