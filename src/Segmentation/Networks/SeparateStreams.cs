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

    public IReadOnlyList<CoarseStage> CoarseStages => network.CoarseStages;

    public Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null)
    {
        ModalityIndex modality = context.RequireModality("the network");
        if (modality.Runs() is [_])
            return network.Forward(context, images, taps);
        NetworkStage[] wanted = [.. Stages.Where(stage => taps?.Wants(stage) ?? false)];
        (Variable Logits, FeatureTaps Taps)[] parts =
        [
            .. modality
                .Runs()
                .Select(run =>
                {
                    var own = new FeatureTaps(wanted);
                    Variable logits = network.Forward(
                        context with
                        {
                            Modality = ModalityIndex.Single(modality.Modalities, run.Modality, run.Count),
                        },
                        context.Tape.Slice(images, 0, run.First, run.Count),
                        own
                    );
                    return (logits, own);
                }),
        ];
        foreach (NetworkStage stage in wanted)
            taps!.Leave(stage, Join(context.Tape, [.. parts.Select(part => part.Taps[stage].Features)]), []);
        return Join(context.Tape, [.. parts.Select(part => part.Logits)]);
    }

    public Variable ForwardFrom(ForwardContext context, StageOutput output) =>
        context.RequireModality("the network").Runs() is [_]
            ? network.ForwardFrom(context, output)
            : throw new NotSupportedException("networks of several modalities side by side cannot be entered in their midst");

    private static Variable Join(Tape tape, Variable[] parts)
    {
        Variable joined = tape.Concat(0, parts);
        foreach (Variable part in parts)
            Tape.Release(part);
        return joined;
    }
}
