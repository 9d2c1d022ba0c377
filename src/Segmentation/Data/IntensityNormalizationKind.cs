namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>How <see cref="IntensityNormalization"/> derives its map from a volume.</summary>
public enum IntensityNormalizationKind
{
    /// <summary>Intensities stay as they are, but for outliers.</summary>
    None,

    /// <summary>A fixed intensity range is clipped to and mapped linearly: for CT in Hounsfield units.</summary>
    Window,

    /// <summary>Zero mean and unit variance over all voxels.</summary>
    ZScore,

    /// <summary>Zero mean and unit variance over the body: the voxels above the volume's mean.</summary>
    BodyZScore,

    /// <summary>Clipped at two percentiles of the volume, then zero mean and unit variance over all voxels.</summary>
    Percentile,

    /// <summary>The same, over the voxels that are no padding around a CT scanner's circle.</summary>
    UnpaddedPercentile,
}
