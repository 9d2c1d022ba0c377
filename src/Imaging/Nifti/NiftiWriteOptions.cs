namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>How a volume is written beyond its voxels and grid.</summary>
public sealed record NiftiWriteOptions
{
    /// <summary>A header whose descriptive fields (units, description, form codes, intent, calibration) are kept.</summary>
    public NiftiHeader? Template { get; init; }

    /// <summary>1 or 2.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The byte order of header, extensions and voxels; little-endian if not set.</summary>
    public bool BigEndian { get; init; }

    /// <summary>What readers multiply stored values with (scl_slope).</summary>
    public double Slope { get; init; } = 1;

    /// <summary>Written after the header in this order, each padded with zeros to a multiple of 16 bytes.</summary>
    public IReadOnlyList<NiftiExtension> Extensions { get; init; } = [];
}
