namespace UnpairedSegEngine.Classification.Data;

/// <summary>A way in which folders hold images with labels.</summary>
internal interface IDatasetFormat
{
    /// <summary>What is looked for, for messages.</summary>
    string Description { get; }

    /// <summary>Whether a folder holds such files.</summary>
    bool IsIn(string folder);

    /// <summary>Reads them.</summary>
    /// <exception cref="InvalidDataException">A file is missing or damaged; the message names it.</exception>
    ImageDataset Read(string folder);
}
