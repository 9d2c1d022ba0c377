using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;

namespace UnpairedSegEngine.Layers;

/// <summary>What a network has when a stage is done: all that the stages behind it need.</summary>
/// <param name="Stage">Of the network.</param>
/// <param name="Features">(N, D, H, W, channels), activated, or (N, channels) where positions are pooled; others of that shape may
/// take their place.</param>
public sealed record StageOutput(NetworkStage Stage, Variable Features)
{
    /// <summary>Results of earlier stages that later ones read, too.</summary>
    public IReadOnlyList<ConvolutionPart> Skips { get; init; } = [];
}
