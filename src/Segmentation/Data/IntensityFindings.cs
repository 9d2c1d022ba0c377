namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>What was odd about a volume's intensities when it was normalized.</summary>
[Flags]
public enum IntensityFindings
{
    /// <summary>Nothing odd.</summary>
    None = 0,

    /// <summary>All voxels have one value.</summary>
    Constant = 1,

    /// <summary>The middle 98 % of the voxels hardly differ, in the file or after normalization.</summary>
    NearlyConstant = 2,

    /// <summary>Padding around the scanner's circle was left out of the statistics.</summary>
    PaddingLeftOut = 4,

    /// <summary>Such padding counts in the statistics, since the normalization that was chosen is over all voxels.</summary>
    PaddingCounted = 8,

    /// <summary>Voxels far outside the range of the others were clipped to it.</summary>
    OutliersClipped = 16,
}
