namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>What kind of scanner a phantom imitates.</summary>
public enum PhantomModality
{
    /// <summary>Hounsfield units with Gaussian noise.</summary>
    CT,

    /// <summary>Arbitrary units with bias field and Rician noise.</summary>
    MR,

    /// <summary>MR of another weighting: fat is brightest, fluid dark.</summary>
    T1,
}
