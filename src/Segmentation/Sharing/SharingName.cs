namespace UnpairedSegEngine.Segmentation.Sharing;

/// <summary>What the modalities share.</summary>
public enum SharingName
{
    /// <summary>Nothing: a network per modality.</summary>
    Individual,

    /// <summary>Everything, normalization included.</summary>
    Joint,

    /// <summary>Kernels; each has its own normalization.</summary>
    JointNorm,

    /// <summary>All but the early layers.</summary>
    YShape,

    /// <summary>The layers between early and late ones.</summary>
    XShape,

    /// <summary>Kernels, but for a read-out that is made of a vector per modality and class; each has its own
    /// normalization.</summary>
    Conditioned,
}
