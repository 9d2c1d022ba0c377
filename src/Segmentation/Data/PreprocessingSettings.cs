namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>How volumes become what the network sees. A run records it, so that prediction does the same as training.</summary>
/// <param name="Shape">Size of a sample and its count of neighbouring slices, which is odd.</param>
/// <param name="Normalizations">The normalization of each modality, by modality index.</param>
/// <param name="Spacing">Voxels of the network's grid; the default fits slices into samples.</param>
public sealed record PreprocessingSettings(
    SampleShape Shape,
    IReadOnlyList<IntensityNormalization> Normalizations,
    VoxelSpacing Spacing = default
)
{
    /// <summary>Refuses sizes that make no sense.</summary>
    /// <exception cref="ArgumentException">A size below 1, an even count of slices, or not one normalization per
    /// modality.</exception>
    public void Validate(int modalityCount)
    {
        if (Shape.Height < 1 || Shape.Width < 1 || Shape.Channels < 1 || Shape.Depth < 1 || Shape.Channels % 2 == 0)
        {
            throw new ArgumentException(
                $"a sample of {Shape} is not possible: expected positive sizes and an odd count of slices"
            );
        }
        if (Normalizations.Count != modalityCount)
            throw new ArgumentException($"{Normalizations.Count} normalizations given for {modalityCount} modalities");
    }
}
