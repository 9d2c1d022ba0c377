namespace UnpairedSegEngine.Segmentation.Sharing;

/// <summary>Shared kernels and a normalization per modality, without distillation.</summary>
internal sealed class JointNormSharing : SharingRule
{
    protected override bool IsSpecific(string stage) => false;
}
