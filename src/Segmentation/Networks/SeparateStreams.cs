using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>A network of which no layer is shared: each modality's samples go through it by themselves.</summary>
/// <param name="network">Has a copy of every layer per modality.</param>
internal sealed class SeparateStreams(ISegmentationNetwork network) : ISegmentationNetwork
{
    public ParameterStore Parameters => network.Parameters;

    public int InputChannels => network.InputChannels;

    public int Classes => network.Classes;

    public Size3 Multiple => network.Multiple;

    public IReadOnlyList<NetworkStage> Stages => network.Stages;

    public NetworkStage Bottleneck => network.Bottleneck;

    public Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null)
    {
        ModalityIndex modality = context.RequireModality("the network");
        if (modality.Runs() is [_])
            return network.Forward(context, images, taps);
        if (taps is not null)
            throw new NotSupportedException("networks of several modalities side by side have no features in common");
        Variable[] logits =
        [
            .. modality
                .Runs()
                .Select(run =>
                    network.Forward(
                        context with
                        {
                            Modality = ModalityIndex.Single(modality.Modalities, run.Modality, run.Count),
                        },
                        context.Tape.Slice(images, 0, run.First, run.Count)
                    )
                ),
        ];
        Variable joined = context.Tape.Concat(0, logits);
        foreach (Variable part in logits)
            Tape.Release(part);
        return joined;
    }

    public Variable ForwardFrom(ForwardContext context, StageOutput output) =>
        context.RequireModality("the network").Runs() is [_]
            ? network.ForwardFrom(context, output)
            : throw new NotSupportedException("networks of several modalities side by side cannot be entered in their midst");
}
