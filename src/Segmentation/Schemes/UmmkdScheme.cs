namespace UnpairedSegEngine.Segmentation.Schemes;

/// <summary>
/// Shared kernels, a normalization per modality, and a loss that aligns the modalities' class distributions. Dou et al. 2020,
/// arXiv:2001.03111.
/// </summary>
internal sealed class UmmkdScheme : Scheme
{
    public override string Summary => "shared kernels, normalization per modality, distillation";

    protected override bool Distills => true;

    protected override bool IsSpecific(string stage) => false;
}
