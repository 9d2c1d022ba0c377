using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>A network from images (N, D, H, W, channels) of several modalities to logits (N, D, H, W, classes).</summary>
public interface ISegmentationNetwork
{
    /// <summary>The weights and running statistics, by name; whoever built the network disposes of it.</summary>
    ParameterStore Parameters { get; }

    /// <summary>
    /// Channels of an image: neighbouring slices times volumes for networks on slices, volumes for networks on blocks.
    /// </summary>
    int InputChannels { get; }

    /// <summary>Channels of the logits, the background's among them.</summary>
    int Classes { get; }

    /// <summary>The depth, height and width of an image must be multiples of this.</summary>
    Size3 Multiple { get; }

    /// <summary>Its parts, in the order in which they run; the last makes the logits. None where it is one piece.</summary>
    IReadOnlyList<NetworkStage> Stages => [];

    /// <summary>The stage of the lowest resolution and the most channels: what the network makes of a whole image.</summary>
    /// <exception cref="NotSupportedException">The network is one piece.</exception>
    NetworkStage Bottleneck => throw new NotSupportedException($"{GetType().Name} has no stages to look at");

    /// <summary>Logits of a batch. The input is left alone; everything between is freed as soon as nothing needs it.</summary>
    /// <param name="context">The pass.</param>
    /// <param name="images">(N, D, H, W, input channels).</param>
    /// <param name="taps">Stages whose results are to be left.</param>
    Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null);

    /// <summary>Logits from the result of a stage on, which <see cref="FeatureTaps"/> brought, or others in its place.</summary>
    /// <exception cref="NotSupportedException">The network cannot be entered in its midst.</exception>
    Variable ForwardFrom(ForwardContext context, StageOutput output) =>
        throw new NotSupportedException($"{GetType().Name} cannot be entered in its midst");
}
