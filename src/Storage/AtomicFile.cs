namespace UnpairedSegEngine.Storage;

/// <summary>
/// Writes files and folders so that after a crash at any instant the target is the old one or the whole new one:
/// written beside the target, flushed to the disk, renamed.
/// </summary>
public static class AtomicFile
{
    /// <summary>How names of unfinished files and folders begin.</summary>
    public const string TemporaryPrefix = ".tmp-";

    /// <summary>A file system's names are at most 255 bytes; a character has up to three of them.</summary>
    private const int LongestPartOfName = 60;

    /// <summary>Writes or replaces a file.</summary>
    /// <exception cref="IOException">The file is not written; what was there before stands.</exception>
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
            TryDelete(files, temporary);
            throw;
        }

        files.SyncFolder(FolderOf(path));
    }

    /// <summary>Writes or replaces a file of text in UTF-8, lines ended by a line feed.</summary>
    /// <exception cref="IOException">The file is not written; what was there before stands.</exception>
    public static void WriteText(string path, Action<TextWriter> write) =>
        Write(
            path,
            stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
                write(writer);
            }
        );

    /// <summary>Makes a new folder of files.</summary>
    /// <param name="path">The folder; it must not exist.</param>
    /// <param name="contents">What to write for each file name, in the order to write them.</param>
    /// <param name="fileSystem">Where; the disk by default.</param>
    /// <exception cref="IOException">There is no such folder then.</exception>
    public static void WriteFolder(
        string path,
        IEnumerable<KeyValuePair<string, Action<Stream>>> contents,
        IFileSystem? fileSystem = null
    )
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

    /// <summary>Makes a new folder of files and subfolders, or none at all.</summary>
    /// <param name="path">The folder; absent, or empty.</param>
    /// <param name="fill">Writes into a folder beside it, which becomes it; answers whether it is to.</param>
    /// <param name="fileSystem">Where; the disk by default.</param>
    /// <returns>What <paramref name="fill"/> answered.</returns>
    /// <exception cref="IOException">There is no such folder then.</exception>
    public static bool TryFillFolder(string path, Func<string, bool> fill, IFileSystem? fileSystem = null)
    {
        IFileSystem files = fileSystem ?? DiskFileSystem.Instance;
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string temporary = TemporaryBeside(path);
        bool isWhole = false;
        try
        {
            files.CreateFolder(temporary);
            if (!fill(temporary))
                return false;
            files.SyncFolder(temporary);
            if (Directory.Exists(path))
                Directory.Delete(path); // An empty folder is in the way of a rename.
            files.RenameFolder(temporary, path);
            isWhole = true;
        }
        finally
        {
            if (!isWhole && Directory.Exists(temporary))
                TryDeleteFolder(files, temporary);
        }

        files.SyncFolder(FolderOf(path));
        return true;
    }

    /// <remarks>In the same folder, because only within one file system a rename is a single step.</remarks>
    private static string TemporaryBeside(string path)
    {
        string name = Path.GetFileName(path);
        return Path.Combine(
            FolderOf(path),
            $"{TemporaryPrefix}{name[..Math.Min(name.Length, LongestPartOfName)]}-{Environment.ProcessId}"
        );
    }

    /// <remarks>What failed first is what the caller must hear of.</remarks>
    private static void TryDelete(IFileSystem files, string path)
    {
        try
        {
            files.DeleteFile(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException) { }
    }

    private static void TryDeleteFolder(IFileSystem files, string path)
    {
        try
        {
            files.DeleteFolder(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException) { }
    }

    private static string FolderOf(string path) =>
        Path.GetDirectoryName(Path.GetFullPath(path)) ?? throw new IOException($"'{path}': is no place for a file");
}
