namespace UnpairedSegEngine.Segmentation.Sharing;

/// <summary>
/// Shared kernels, a normalization per modality, and a read-out that is made of a vector of modality and class.
/// </summary>
internal sealed class ConditionedSharing : SharingRule
{
    internal override bool ConditionsReadout => true;

    protected override bool IsSpecific(string stage) => false;
}
