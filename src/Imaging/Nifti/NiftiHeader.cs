namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>
/// Every field of a NIfTI-1 (348 bytes) or NIfTI-2 (540 bytes) header, named as in nifti1.h/nifti2.h; the wider of the two types.
/// An Analyze 7.5 header is read through the NIfTI-1 layout and has an empty magic.
/// </summary>
public sealed record NiftiHeader
{
    /// <summary>1 or 2.</summary>
    public int Version { get; init; } = 1;

    public bool BigEndian { get; init; }

    /// <summary>"n+1", "ni1", "n+2", "ni2", or empty for Analyze 7.5.</summary>
    public string Magic { get; internal set; } = "n+1";

    public byte DimInfo { get; internal set; }

    /// <summary>Eight numbers: how many dimensions, then their sizes.</summary>
    public long[] Dim { get; internal set; } = new long[8];

    public double[] IntentP { get; internal set; } = new double[3];

    public int IntentCode { get; internal set; }

    public NiftiDataType DataType { get; internal set; }

    public int BitPix { get; internal set; }

    public long SliceStart { get; internal set; }

    public long SliceEnd { get; internal set; }

    public int SliceCode { get; internal set; }

    public double SliceDuration { get; internal set; }

    /// <summary>Eight numbers: qfac, then the grid spacing per dimension.</summary>
    public double[] PixDim { get; internal set; } = new double[8];

    /// <summary>Where the voxels start in the file that holds them.</summary>
    public double VoxOffset { get; internal set; }

    public double SclSlope { get; internal set; }

    public double SclInter { get; internal set; }

    public int XyztUnits { get; internal set; }

    public double CalMax { get; internal set; }

    public double CalMin { get; internal set; }

    public double TOffset { get; internal set; }

    public string Descrip { get; internal set; } = "";

    public string AuxFile { get; internal set; } = "";

    public int QformCode { get; internal set; }

    public int SformCode { get; internal set; }

    /// <summary>quatern_b, quatern_c, quatern_d.</summary>
    public double[] Quatern { get; internal set; } = new double[3];

    public double[] QOffset { get; internal set; } = new double[3];

    public double[] SrowX { get; internal set; } = new double[4];

    public double[] SrowY { get; internal set; } = new double[4];

    public double[] SrowZ { get; internal set; } = new double[4];

    public string IntentName { get; internal set; } = "";

    public bool IsAnalyze => Magic.Length == 0;

    /// <summary>Whether the voxels lie in the header's own file (.nii) and not in an .img beside it.</summary>
    public bool IsSingleFile => Magic.StartsWith("n+", StringComparison.Ordinal);

    /// <summary>The sform where its code is set, else the qform, else spacing alone, as in nibabel.</summary>
    public AffineSource AffineSource =>
        this switch
        {
            { IsAnalyze: true } => AffineSource.Spacing,
            _ when IsTransform(SformCode) => AffineSource.Sform,
            _ when IsTransform(QformCode) => AffineSource.Qform,
            _ => AffineSource.Spacing,
        };

    /// <summary>The unit of spacing and transforms as stored. Analyze 7.5 has another field in its place: mm.</summary>
    public SpatialUnit SpatialUnit => IsAnalyze ? SpatialUnit.Millimetre : SpatialUnits.Of(XyztUnits);

    /// <summary>348 or 540.</summary>
    public int SizeOfHdr => Version == 1 ? HeaderCodec.Nifti1Bytes : HeaderCodec.Nifti2Bytes;

    /// <summary>The sizes of the dimensions in use; valid in every opened file.</summary>
    public long[] Shape => Dim[1..((int)Dim[0] + 1)];

    /// <summary>
    /// Whether scl_slope and scl_inter apply: slope finite and not 0, as the standard says. Analyze 7.5 has no scaling.
    /// </summary>
    public bool HasScaling => !IsAnalyze && double.IsFinite(SclSlope) && SclSlope != 0;

    /// <summary>
    /// Whether an sform or qform code says that there is a transform; nibabel takes codes that the standard does not know as 0.
    /// </summary>
    internal static bool IsTransform(int code) => code is >= 1 and <= 5;
}
