namespace UnpairedSegEngine.Bench.Planning;

/// <summary>What of a dataset decides settings, by modality; measured on training cases only.</summary>
/// <param name="Dataset">Its name.</param>
/// <param name="Classes">Background first.</param>
/// <param name="Channels">Co-registered images of a case.</param>
/// <param name="Modalities">In the dataset's order.</param>
/// <param name="Intensities">By the names under which intensities are normalized: a modality's, or a channel's where cases have
/// several.</param>
public sealed record DatasetFingerprint(
    string Dataset,
    IReadOnlyList<string> Classes,
    int Channels,
    IReadOnlyList<ModalityFingerprint> Modalities,
    IReadOnlyList<IntensityFingerprint> Intensities
);

/// <summary>
/// The grids and classes of a modality's cases. Axes are left-right, front-back, feet-head; lengths are mm; a median lies
/// between the middle two of an even number.
/// </summary>
/// <param name="Name">The modality.</param>
/// <param name="Cases">How many.</param>
/// <param name="Spacing">Median along each axis.</param>
/// <param name="FineSpacing">10th percentile along each axis.</param>
/// <param name="Size">Median number of voxels along each axis.</param>
/// <param name="Extent">Median length along each axis.</param>
/// <param name="Volume">Of all cases together, mm³.</param>
/// <param name="Classes">Every class but the background.</param>
public sealed record ModalityFingerprint(
    string Name,
    int Cases,
    IReadOnlyList<double> Spacing,
    IReadOnlyList<double> FineSpacing,
    IReadOnlyList<double> Size,
    IReadOnlyList<double> Extent,
    double Volume,
    IReadOnlyList<ClassFingerprint> Classes
)
{
    /// <summary>The coarsest of the median spacings over the finest.</summary>
    public double Anisotropy => Spacing.Max() / Spacing.Min();
}

/// <summary>A class in the cases of a modality.</summary>
/// <param name="Name">The class.</param>
/// <param name="Cases">Cases that show it.</param>
/// <param name="Millilitres">Median volume in these; 0 where there are none.</param>
public sealed record ClassFingerprint(string Name, int Cases, double Millilitres);

/// <summary>
/// Intensities of voxels that are labelled as a class other than the background, evenly drawn from all cases; all 0 where
/// there are none.
/// </summary>
/// <param name="Name">A modality, or a channel.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="Deviation">Their standard deviation.</param>
/// <param name="Low">0.5th percentile.</param>
/// <param name="Median">50th percentile.</param>
/// <param name="High">99.5th percentile.</param>
/// <param name="ImageLow">Median of the 0.5th percentiles of whole images: air, in a CT.</param>
public sealed record IntensityFingerprint(
    string Name,
    double Mean,
    double Deviation,
    double Low,
    double Median,
    double High,
    double ImageLow
);
