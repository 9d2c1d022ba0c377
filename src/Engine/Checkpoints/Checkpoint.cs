namespace UnpairedSegEngine.Checkpoints;

/// <summary>A checkpoint whose files were found intact.</summary>
/// <param name="Step">Training steps done when it was saved.</param>
/// <param name="Folder">Where its files are.</param>
public sealed record Checkpoint(long Step, string Folder)
{
    /// <summary>Path of one of its files.</summary>
    public string File(string name) => Path.Combine(Folder, name);

    /// <summary>Its files to write elsewhere, by name.</summary>
    internal IReadOnlyDictionary<string, Action<Stream>> Contents() =>
        Directory
            .EnumerateFiles(Folder)
            .Select(path => Path.GetFileName(path))
            .Where(name => name != CheckpointManifest.FileName)
            .ToDictionary(
                name => name,
                name =>
                    (Action<Stream>)(
                        stream =>
                        {
                            using FileStream file = System.IO.File.OpenRead(File(name));
                            file.CopyTo(stream);
                        }
                    )
            );
}
