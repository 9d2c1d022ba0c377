namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>What one channel of a paired phantom imitates; the channels of a case are in this order.</summary>
public enum MrSequence
{
    /// <summary>White matter is brightest; the lesion is hardly seen.</summary>
    T1,

    /// <summary>T1 with contrast agent, which the lesion takes up.</summary>
    T1ce,

    /// <summary>Fluid is brightest, then the lesion.</summary>
    T2,

    /// <summary>T2 without the brightness of fluid.</summary>
    FLAIR,
}
