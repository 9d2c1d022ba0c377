namespace UnpairedSegEngine.Layers;

/// <summary>Which layers have parameters that all modalities share, and which have a copy for each.</summary>
/// <param name="Modalities">Number of modalities.</param>
/// <param name="IsSpecific">Whether a layer of this name has a copy of its kernels per modality, and so of its
/// normalization.</param>
/// <param name="SharesNormalization">Whether the layers with shared kernels share gamma, beta and statistics, too.</param>
public sealed record ParameterSharing(int Modalities, Func<string, bool> IsSpecific, bool SharesNormalization = false)
{
    /// <summary>Shared kernels and normalizations of their own: Dou et al. 2020, arXiv:2001.03111.</summary>
    public static ParameterSharing AllKernels(int modalities) => new(modalities, _ => false);

    /// <summary>Copies of a layer's kernels.</summary>
    public int KernelCopies(string layer) => IsSpecific(layer) ? Modalities : 1;

    /// <summary>Copies of a layer's gamma, beta and statistics.</summary>
    public int NormalizationCopies(string layer) => SharesNormalization && !IsSpecific(layer) ? 1 : Modalities;
}
