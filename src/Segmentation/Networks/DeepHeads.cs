using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>
/// Read-outs of a network's coarser stages, by which these learn from labels, too: a 1x1x1 convolution each. They are parameters
/// of their own, which training needs and prediction does not. Lee et al. 2015, arXiv:1409.5185; Isensee et al. 2021 (nnU-Net).
/// </summary>
public sealed class DeepHeads
{
    private readonly Conv[] heads;

    /// <param name="network">Whose stages are read; modalities share a head where they share its stage.</param>
    /// <param name="levels">How many stages, from the finest below full resolution on.</param>
    /// <param name="seed">Of the weights.</param>
    /// <exception cref="ArgumentException">The network has fewer coarse stages.</exception>
    public DeepHeads(ISegmentationNetwork network, int levels, ulong seed)
    {
        if (levels < 1 || levels > network.CoarseStages.Count)
            throw new ArgumentException(
                $"deep supervision of {levels} levels: the network has {network.CoarseStages.Count} below full resolution"
            );
        Stages = [.. network.CoarseStages.Take(levels)];
        ParameterStore of = network.Parameters;
        Parameters = new ParameterStore(of.Device, of.DType, seed, of.Sharing);
        heads =
        [
            .. Stages.Select(level => new Conv(
                Parameters,
                $"{level.Stage.Name}.logits",
                level.Stage.Channels,
                network.Classes,
                Size3.One,
                Initializer.TruncatedNormal(0.01),
                hasBias: true
            )),
        ];
    }

    /// <summary>Of all heads.</summary>
    public ParameterStore Parameters { get; }

    /// <summary>Those that are read, finest first.</summary>
    public IReadOnlyList<CoarseStage> Stages { get; }

    /// <summary>What the network's forward pass is to leave for them.</summary>
    public FeatureTaps Taps() => new([.. Stages.Select(level => level.Stage)]);

    /// <summary>Logits (N, D / stride, H / stride, W / stride, classes) of each stage, finest first; the features are
    /// released.</summary>
    /// <param name="context">The network's pass.</param>
    /// <param name="taps">What it left.</param>
    public IReadOnlyList<Variable> Forward(ForwardContext context, FeatureTaps taps) =>
        [
            .. Stages.Zip(
                heads,
                (level, head) =>
                {
                    Variable features = taps[level.Stage].Features;
                    Variable logits = head.Forward(context, features);
                    Tape.Release(features);
                    return logits;
                }
            ),
        ];
}
