namespace UnpairedSegEngine.Checkpoints;

/// <summary>
/// Writes files and folders so that after a crash at any instant the target is the old one or the whole new one:
/// written beside the target, flushed to the disk, renamed.
/// </summary>
public static class AtomicFile
{
    /// <summary>How names of unfinished files and folders begin.</summary>
    public const string TemporaryPrefix = ".tmp-";

    /// <summary>Writes or replaces a file.</summary>
    public static void Write(string path, Action<Stream> write, IFileSystem? fileSystem = null)
    {
        IFileSystem files = fileSystem ?? DiskFileSystem.Instance;
        string temporary = TemporaryBeside(path);
        try
        {
            files.WriteFile(temporary, write);
            files.ReplaceFile(temporary, path);
        }
        catch
        {
            files.DeleteFile(temporary);
            throw;
        }

        files.SyncFolder(FolderOf(path));
    }

    /// <summary>Makes a new folder of files.</summary>
    /// <param name="path">The folder; it must not exist.</param>
    /// <param name="contents">What to write for each file name, in the order to write them.</param>
    /// <param name="fileSystem">Where; the disk by default.</param>
    public static void WriteFolder(string path, IEnumerable<KeyValuePair<string, Action<Stream>>> contents, IFileSystem? fileSystem = null)
    {
        IFileSystem files = fileSystem ?? DiskFileSystem.Instance;
        string temporary = TemporaryBeside(path);
        files.CreateFolder(temporary);
        foreach ((string name, Action<Stream> write) in contents)
            files.WriteFile(Path.Combine(temporary, name), write);
        files.SyncFolder(temporary);
        files.RenameFolder(temporary, path);
        files.SyncFolder(FolderOf(path));
    }

    /// <remarks>In the same folder, because only within one file system a rename is a single step.</remarks>
    private static string TemporaryBeside(string path)
        => Path.Combine(FolderOf(path), $"{TemporaryPrefix}{Path.GetFileName(path)}-{Environment.ProcessId}");

    private static string FolderOf(string path)
        => Path.GetDirectoryName(Path.GetFullPath(path)) ?? throw new ArgumentException($"'{path}' is no place for a file");
}
