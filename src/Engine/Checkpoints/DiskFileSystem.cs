using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Checkpoints;

/// <summary>The machine's own file system.</summary>
public sealed partial class DiskFileSystem : IFileSystem
{
    private const int ReadOnly = 0;

    private DiskFileSystem()
    {
    }

    public static DiskFileSystem Instance { get; } = new();

    public void WriteFile(string path, Action<Stream> write)
    {
        using FileStream file = File.Create(path);
        write(file);
        file.Flush(flushToDisk: true);
    }

    public void CreateFolder(string path) => Directory.CreateDirectory(path);

    /// <remarks>.NET opens no folders, hence libc. Windows has no such call, and file systems that refuse it order renames by themselves.</remarks>
    public void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        int descriptor = Open(path, ReadOnly);
        if (descriptor < 0)
            throw new IOException($"'{path}': cannot be opened to flush it to the disk (errno {Marshal.GetLastPInvokeError()})");
        _ = Sync(descriptor);
        _ = Close(descriptor);
    }

    public void ReplaceFile(string source, string target) => File.Move(source, target, overwrite: true);

    public void RenameFolder(string source, string target) => Directory.Move(source, target);

    public void DeleteFile(string path) => File.Delete(path);

    public void DeleteFolder(string path) => Directory.Delete(path, recursive: true);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
