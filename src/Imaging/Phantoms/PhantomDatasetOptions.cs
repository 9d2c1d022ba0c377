namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>How large a phantom data set is.</summary>
public sealed record PhantomDatasetOptions
{
    public PhantomAnatomy Anatomy { get; init; } = PhantomAnatomy.Abdomen;

    /// <summary>Training subjects per modality.</summary>
    public int Training { get; init; } = 16;

    /// <summary>Validation subjects per modality.</summary>
    public int Validation { get; init; } = 4;

    /// <summary>Test subjects per modality.</summary>
    public int Test { get; init; } = 4;

    /// <summary>Voxels along x and y.</summary>
    public int Size { get; init; } = 128;

    /// <summary>Voxels along z.</summary>
    public int Slices { get; init; } = 24;

    public ulong Seed { get; init; } = 1;
}
