namespace UnpairedSegEngine.Segmentation.Sharing;

/// <summary>One network for all modalities, as if they were one.</summary>
internal sealed class JointSharing : SharingRule
{
    protected override bool SharesNormalization => true;

    protected override bool IsSpecific(string stage) => false;
}
