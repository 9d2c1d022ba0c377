namespace UnpairedSegEngine.Segmentation.Sharing;

/// <summary>A network for each modality, trained side by side: what is to be beaten.</summary>
internal sealed class IndividualSharing : SharingRule
{
    public override bool SeparatesModalities => true;

    protected override bool IsSpecific(string stage) => true;
}
