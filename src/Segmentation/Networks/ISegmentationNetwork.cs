using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>
/// A network from images (N, D, H, W, channels) of several modalities to logits (N, D, H, W, classes). The channels of an image
/// are
/// neighbouring slices times volumes for networks on slices, volumes for networks on blocks; the background's is among the
/// classes.
/// </summary>
public interface ISegmentationNetwork : IStagedNetwork
{
    /// <summary>The depth, height and width of an image must be multiples of this.</summary>
    Size3 Multiple { get; }

    /// <summary>
    /// Stages on the way back to full resolution that are below it, finest first; none where there is no such way.
    /// </summary>
    IReadOnlyList<CoarseStage> CoarseStages => [];

    /// <summary>The stage of the lowest resolution and the most channels: what the network makes of a whole image.</summary>
    /// <exception cref="NotSupportedException">The network is one piece.</exception>
    NetworkStage Bottleneck => throw new NotSupportedException($"{GetType().Name} has no stages to look at");
}
