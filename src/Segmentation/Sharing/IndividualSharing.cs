using UnpairedSegEngine.Segmentation.Networks;

namespace UnpairedSegEngine.Segmentation.Sharing;

/// <summary>A network for each modality, trained side by side: what is to be beaten.</summary>
internal sealed class IndividualSharing : SharingRule
{
    internal override ISegmentationNetwork Wrap(ISegmentationNetwork network) => new SeparateStreams(network);

    protected override bool IsSpecific(string stage) => true;
}
