namespace UnpairedSegEngine.Fuzz;

/// <summary>
/// A folder of its own, gone afterwards. In memory where there is such a folder: files are written and read a million times.
/// </summary>
internal sealed class ScratchFolder : IDisposable
{
    public ScratchFolder() =>
        Path = Directory
            .CreateDirectory(
                System.IO.Path.Combine(
                    Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath(),
                    $"fuzz-{Guid.NewGuid():N}"
                )
            )
            .FullName;

    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
