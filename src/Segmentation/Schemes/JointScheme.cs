namespace UnpairedSegEngine.Segmentation.Schemes;

/// <summary>One network for all modalities, as if they were one.</summary>
internal sealed class JointScheme : Scheme
{
    public override string Summary => "everything shared, normalization too";

    protected override bool SharesNormalization => true;

    protected override bool IsSpecific(string stage) => false;
}
