using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>A network from images (N, D, H, W, channels) of several modalities to logits (N, D, H, W, classes).</summary>
public interface ISegmentationNetwork
{
    ParameterStore Parameters { get; }

    int InputChannels { get; }

    int Classes { get; }

    /// <summary>The depth, height and width of an image must be multiples of this.</summary>
    Size3 Multiple { get; }

    /// <summary>Logits of a batch. The input is left alone; everything between is freed as soon as nothing needs it.</summary>
    Variable Forward(ForwardContext context, Variable images);
}
