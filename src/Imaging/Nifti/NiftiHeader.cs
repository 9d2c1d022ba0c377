namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>
/// Every field of a NIfTI-1 (348 bytes) or NIfTI-2 (540 bytes) header, named as in nifti1.h/nifti2.h; the wider of the two types.
/// An Analyze 7.5 header is read through the NIfTI-1 layout and has an empty magic.
/// </summary>
public sealed record NiftiHeader
{
    /// <summary>1 or 2.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The byte order of the file: of its header, extensions and voxels.</summary>
    public bool BigEndian { get; init; }

    /// <summary>"n+1", "ni1", "n+2", "ni2", or empty for Analyze 7.5.</summary>
    public string Magic { get; internal set; } = "n+1";

    /// <summary>
    /// Which dimension (1 to 3, 0 for unknown) is the scanner's frequency in bits 0-1, phase in 2-3 and slice in 4-5.
    /// </summary>
    public byte DimInfo { get; internal set; }

    /// <summary>Eight numbers: how many dimensions, then their sizes.</summary>
    public long[] Dim { get; internal set; } = new long[8];

    /// <summary>Three parameters of what <see cref="IntentCode"/> names, such as degrees of freedom; not interpreted.</summary>
    public double[] IntentP { get; internal set; } = new double[3];

    /// <summary>What the values mean, such as 1002 for labels; 0 for nothing said. Not interpreted.</summary>
    public int IntentCode { get; internal set; }

    /// <summary>Type of the stored voxels.</summary>
    public NiftiDataType DataType { get; internal set; }

    /// <summary>Bits per voxel; in every opened file those of <see cref="DataType"/>.</summary>
    public int BitPix { get; internal set; }

    /// <summary>Index of the first slice that <see cref="SliceCode"/> tells the time of.</summary>
    public long SliceStart { get; internal set; }

    /// <summary>Index of the last such slice; those outside are padding.</summary>
    public long SliceEnd { get; internal set; }

    /// <summary>Order in which slices were taken: 1 and 2 rising and falling, 3 to 6 interleaved, 0 for unknown.</summary>
    public int SliceCode { get; internal set; }

    /// <summary>Time that one slice took, in the unit of time of <see cref="XyztUnits"/>; 0 for unknown.</summary>
    public double SliceDuration { get; internal set; }

    /// <summary>Eight numbers: qfac, then the grid spacing per dimension.</summary>
    public double[] PixDim { get; internal set; } = new double[8];

    /// <summary>Where the voxels start in the file that holds them.</summary>
    public double VoxOffset { get; internal set; }

    /// <summary>What stored values are multiplied with; <see cref="HasScaling"/> says whether it applies.</summary>
    public double SclSlope { get; internal set; }

    /// <summary>What is added to the product; finite in every opened file where <see cref="HasScaling"/>.</summary>
    public double SclInter { get; internal set; }

    /// <summary>
    /// Unit of length in bits 0-2 (<see cref="SpatialUnit"/>), of time in bits 3-5 (8 for s, 16 for ms, 24 for us).
    /// </summary>
    public int XyztUnits { get; internal set; }

    /// <summary>
    /// Value that a viewer shows at its brightest; both ends are 0 where nothing was said. No value is changed by it.
    /// </summary>
    public double CalMax { get; internal set; }

    /// <summary>Value that a viewer shows at its darkest.</summary>
    public double CalMin { get; internal set; }

    /// <summary>Time of the first volume of a series, in the unit of time of <see cref="XyztUnits"/>.</summary>
    public double TOffset { get; internal set; }

    /// <summary>Free text of up to 80 bytes, often the program that wrote the file.</summary>
    public string Descrip { get; internal set; } = "";

    /// <summary>Name of a file that belongs to this one, up to 24 bytes; never opened.</summary>
    public string AuxFile { get; internal set; } = "";

    /// <summary>
    /// What space the qform leads to: 1 the scanner's, 2 to 5 that of another image or a template; 0 for no qform.
    /// </summary>
    public int QformCode { get; internal set; }

    /// <summary>The same of the sform; 0 for no sform.</summary>
    public int SformCode { get; internal set; }

    /// <summary>quatern_b, quatern_c, quatern_d.</summary>
    public double[] Quatern { get; internal set; } = new double[3];

    /// <summary>Where the qform puts the centre of voxel (0, 0, 0): x, y, z in <see cref="SpatialUnit"/>.</summary>
    public double[] QOffset { get; internal set; } = new double[3];

    /// <summary>First row of the sform: x (to the patient's right) of voxel (i, j, k) is its product with (i, j, k, 1).</summary>
    public double[] SrowX { get; internal set; } = new double[4];

    /// <summary>Second row of the sform: y, anterior.</summary>
    public double[] SrowY { get; internal set; } = new double[4];

    /// <summary>Third row of the sform: z, superior.</summary>
    public double[] SrowZ { get; internal set; } = new double[4];

    /// <summary>A name for what <see cref="IntentCode"/> says, up to 16 bytes.</summary>
    public string IntentName { get; internal set; } = "";

    /// <summary>Whether this is an Analyze 7.5 header, which stores neither orientation nor scaling.</summary>
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
