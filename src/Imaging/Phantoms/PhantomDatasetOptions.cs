namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>How large a phantom data set is.</summary>
public sealed record PhantomDatasetOptions
{
    /// <summary>Co-registered scans of one head by every <see cref="MrSequence"/> instead of unpaired ones.</summary>
    public bool Paired { get; init; }

    /// <summary>Of unpaired phantoms, in the order of their names in the data set.</summary>
    public IReadOnlyList<PhantomModality> Modalities { get; init; } = [PhantomModality.CT, PhantomModality.MR];

    /// <summary>How much brighter the lesion of a paired phantom is in T1 than what is around it, in noise deviations.</summary>
    public double Contrast { get; init; } = PairedPhantomGenerator.DefaultContrast;

    /// <summary>Of unpaired phantoms.</summary>
    public PhantomAnatomy Anatomy { get; init; } = PhantomAnatomy.Abdomen;

    /// <summary>What the other modalities of unpaired phantoms have to teach about CT.</summary>
    public PhantomRelation Relation { get; init; }

    /// <summary>Training subjects per modality; of all sequences where they are paired.</summary>
    public int Training { get; init; } = 16;

    /// <summary>Validation subjects per modality.</summary>
    public int Validation { get; init; } = 4;

    /// <summary>Test subjects per modality.</summary>
    public int Test { get; init; } = 4;

    /// <summary>Voxels along x and y.</summary>
    public int Size { get; init; } = 128;

    /// <summary>Voxels along z.</summary>
    public int Slices { get; init; } = 24;

    /// <summary>Every voxel follows from it, the subject's number and the modality; another seed makes other subjects.</summary>
    public ulong Seed { get; init; } = 1;
}
