using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Engine.Tests.Checkpoints;

/// <summary>
/// Does what it is asked until a number of operations is reached; that one is left half done, and none follows it, as in a crash.
/// </summary>
internal sealed class FaultyFileSystem(int failingOperation) : IFileSystem
{
    private readonly DiskFileSystem disk = DiskFileSystem.Instance;

    /// <summary>Operations asked for.</summary>
    public int Operations { get; private set; }

    public void WriteFile(string path, Action<Stream> write)
    {
        if (Operations + 1 == failingOperation)
        {
            using var whole = new MemoryStream();
            write(whole);
            File.WriteAllBytes(path, whole.ToArray()[..(int)(whole.Length / 2)]);
        }

        Count();
        disk.WriteFile(path, write);
    }

    public void CreateFolder(string path) => Do(() => disk.CreateFolder(path));

    public void SyncFolder(string path) => Do(() => disk.SyncFolder(path));

    public void ReplaceFile(string source, string target) => Do(() => disk.ReplaceFile(source, target));

    public void RenameFolder(string source, string target) => Do(() => disk.RenameFolder(source, target));

    public void DeleteFile(string path) => Do(() => disk.DeleteFile(path));

    public void DeleteFolder(string path)
    {
        if (Operations + 1 == failingOperation)
            File.Delete(Directory.EnumerateFiles(path).Order(StringComparer.Ordinal).First());
        Do(() => disk.DeleteFolder(path));
    }

    private void Do(Action operation)
    {
        Count();
        operation();
    }

    private void Count()
    {
        if (++Operations >= failingOperation)
            throw new IOException($"operation {Operations} fails");
    }
}
