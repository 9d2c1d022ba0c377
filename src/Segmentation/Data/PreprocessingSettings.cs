namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>How volumes become what the network sees. A run records it, so that prediction does the same as training.</summary>
/// <param name="Shape">Size of a sample, its count of neighbouring slices, which is odd, and the volumes of a case.</param>
/// <param name="Normalizations">The normalization of each volume of the first modality, then of the second, and so on.</param>
/// <param name="Spacing">Voxels of the network's grid; the default fits slices into samples.</param>
public sealed record PreprocessingSettings(
    SampleShape Shape,
    IReadOnlyList<IntensityNormalization> Normalizations,
    VoxelSpacing Spacing = default
)
{
    /// <summary>Refuses sizes that make no sense.</summary>
    /// <exception cref="ArgumentException">A size below 1, an even count of slices, or not one normalization per
    /// modality and volume.</exception>
    public void Validate(int modalityCount)
    {
        if (Shape is not { Height: > 0, Width: > 0, Slices: > 0, Depth: > 0, Volumes: > 0 } || Shape.Slices % 2 == 0)
        {
            throw new ArgumentException(
                $"a sample of {Shape} is not possible: expected positive sizes and an odd count of slices"
            );
        }
        if (Normalizations.Count != modalityCount * Shape.Volumes)
            throw new ArgumentException(
                $"{Normalizations.Count} normalizations given for {modalityCount} modalities"
                    + (Shape.Volumes == 1 ? "" : $" of {Shape.Volumes} volumes")
            );
    }

    /// <summary>The normalization of a volume of a modality.</summary>
    public IntensityNormalization NormalizationOf(Modality modality, int volume) =>
        Normalizations[(modality.Index * Shape.Volumes) + volume];
}
