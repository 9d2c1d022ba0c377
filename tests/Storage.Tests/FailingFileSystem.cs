namespace UnpairedSegEngine.Storage.Tests;

/// <summary>
/// The disk, but one of its operations fails, and does nothing. Deletions are not counted: they are what is done about a failure.
/// </summary>
internal sealed class FailingFileSystem(int failing) : IFileSystem
{
    private int operations;

    public void WriteFile(string path, Action<Stream> write) => Do(() => DiskFileSystem.Instance.WriteFile(path, write));

    public void CreateFolder(string path) => Do(() => DiskFileSystem.Instance.CreateFolder(path));

    public void SyncFolder(string path) => Do(() => DiskFileSystem.Instance.SyncFolder(path));

    public void ReplaceFile(string source, string target) => Do(() => DiskFileSystem.Instance.ReplaceFile(source, target));

    public void RenameFolder(string source, string target) => Do(() => DiskFileSystem.Instance.RenameFolder(source, target));

    public void DeleteFile(string path) => DiskFileSystem.Instance.DeleteFile(path);

    public void DeleteFolder(string path) => DiskFileSystem.Instance.DeleteFolder(path);

    private void Do(Action operation)
    {
        if (++operations == failing)
            throw new IOException($"operation {failing}");
        operation();
    }
}
