namespace UnpairedSegEngine.Segmentation.Schemes;

/// <summary>Shared kernels and a normalization per modality, without distillation.</summary>
internal sealed class JointNormScheme : Scheme
{
    public override string Summary => "shared kernels, normalization per modality";

    protected override bool IsSpecific(string stage) => false;
}
