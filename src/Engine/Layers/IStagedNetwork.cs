using UnpairedSegEngine.Autograd;

namespace UnpairedSegEngine.Layers;

/// <summary>A network from images (N, D, H, W, channels) to logits, in stages that can be looked at and entered.</summary>
public interface IStagedNetwork
{
    /// <summary>The weights and running statistics, by name; whoever built the network disposes of it.</summary>
    ParameterStore Parameters { get; }

    /// <summary>Channels of an image.</summary>
    int InputChannels { get; }

    /// <summary>Channels of the logits.</summary>
    int Classes { get; }

    /// <summary>Its parts, in the order in which they run; the last makes the logits. None where it is one piece.</summary>
    IReadOnlyList<NetworkStage> Stages => [];

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
