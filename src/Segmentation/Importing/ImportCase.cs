using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>What a case is for.</summary>
internal enum ImportPart
{
    /// <summary>Goes to imagesTr, for folds to divide.</summary>
    Train,

    /// <summary>Goes to imagesTr, and to the validation cases of the only fold.</summary>
    Validation,

    /// <summary>Goes to imagesTs.</summary>
    Test,
}

/// <summary>A case as a foreign dataset names it.</summary>
/// <param name="Id">Its name there, without channel and ending.</param>
/// <param name="Images">Files, or folders of slices: one for each channel, or one series with all of them.</param>
/// <param name="Label">The reference segmentation; null for a test case that has none.</param>
/// <param name="Where">What names it, for messages.</param>
internal sealed record ImportCase(string Id, IReadOnlyList<string> Images, string? Label, string Where)
{
    /// <summary>What it was imaged with; null where the dataset does not say.</summary>
    public string? Modality { get; init; }

    /// <summary>Cases of one group, such as those of a patient, are never on both sides of a split.</summary>
    public string? Group { get; init; }

    /// <summary>Of PNG slices: width, height and distance, mm; null for what is given for all.</summary>
    public Vector3d? Spacing { get; init; }

    /// <summary>What it is for.</summary>
    public ImportPart Part { get; init; }
}
