namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>What is imported, and how.</summary>
internal sealed record ImportOptions
{
    /// <summary>Datasets, each with the modality of its cases where that was said.</summary>
    public required IReadOnlyList<(string? Modality, string Path)> Sources { get; init; }

    /// <summary>Folder of labels of a plain folder of images; null where they lie in a subfolder.</summary>
    public string? LabelFolder { get; init; }

    /// <summary>The classes of the new dataset without the background, and their values in labels whose classes have no names;
    /// null for those of the datasets.</summary>
    public IReadOnlyList<ClassChoice>? Classes { get; init; }

    /// <summary>Whether labels that are no such class become background; else they are refused.</summary>
    public bool RestIsBackground { get; init; }

    /// <summary>How files of other formats are opened.</summary>
    public VolumeOpener Opener { get; init; } = new();
}

/// <summary>A class that was asked for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value in the labels; null for its name's, or its place in the list from 1.</param>
internal sealed record ClassChoice(string Name, int? Value);
