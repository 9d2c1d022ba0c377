namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>How a volume is written beyond its voxels and grid.</summary>
public sealed record NiftiWriteOptions
{
    /// <summary>A header whose descriptive fields (units, description, form codes, intent, calibration) are kept.</summary>
    public NiftiHeader? Template { get; init; }

    /// <summary>1 or 2.</summary>
    public int Version { get; init; } = 1;

    public bool BigEndian { get; init; }

    /// <summary>What readers multiply stored values with (scl_slope).</summary>
    public double Slope { get; init; } = 1;

    public IReadOnlyList<NiftiExtension> Extensions { get; init; } = [];
}
