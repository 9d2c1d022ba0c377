namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>How the modalities are trained together: the rows of the tables of Dou et al. 2020, arXiv:2001.03111, and what came
/// after it.</summary>
public enum SchemeName
{
    /// <summary>A network per modality.</summary>
    Individual,

    /// <summary>One network, normalization included.</summary>
    Joint,

    /// <summary>Shared kernels, own normalization, no distillation.</summary>
    JointNorm,

    /// <summary>Own early layers, the rest shared.</summary>
    YShape,

    /// <summary>Own early and late layers, shared in between.</summary>
    XShape,

    /// <summary>Shared kernels, own normalization, distillation.</summary>
    Ummkd,

    /// <summary>Shared kernels, own normalization, an update by each modality in turn.</summary>
    Alternating,

    /// <summary>Shared kernels, own normalization, styles of features mixed between the modalities.</summary>
    StyleMixing,

    /// <summary>Shared kernels, own normalization, class means drawn to the other modality's prototypes.</summary>
    Prototypes,

    /// <summary>Shared kernels, own normalization, a read-out that is made for modality and class.</summary>
    Conditioned,
}
