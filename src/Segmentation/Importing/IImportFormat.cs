namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>A way in which others lay out datasets.</summary>
internal interface IImportFormat
{
    /// <summary>For messages.</summary>
    string Description { get; }

    /// <summary>Whether a path is a dataset of this kind, by what is there.</summary>
    bool IsIn(string path);

    /// <summary>Lists the cases. No volume is read.</summary>
    /// <exception cref="InvalidDataException">Something is missing or contradictory; the message says what and where.</exception>
    ImportSource Read(string path, ImportOptions options);
}
