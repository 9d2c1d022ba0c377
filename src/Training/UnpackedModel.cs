namespace UnpairedSegEngine.Training;

/// <summary>A package as a run folder that can predict; gone when disposed of.</summary>
public sealed class UnpackedModel : IDisposable
{
    internal UnpackedModel() => Folder = Directory.CreateTempSubdirectory("unpairedseg-model-").FullName;

    /// <summary>Where it lies.</summary>
    public string Folder { get; }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
