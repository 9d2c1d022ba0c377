using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Segmentation.Networks;

namespace UnpairedSegEngine.Segmentation.Schemes;

/// <summary>A network for each modality, trained side by side: what is to be beaten.</summary>
internal sealed class IndividualScheme : Scheme
{
    public override string Summary => "a network per modality";

    public override ISegmentationNetwork CreateNetwork(
        TrainingConfig config,
        Device device,
        int modalities,
        int classes,
        int volumes = 1
    ) => new SeparateStreams(base.CreateNetwork(config, device, modalities, classes, volumes));

    protected override bool IsSpecific(string stage) => true;
}
