namespace UnpairedSegEngine.Storage;

/// <summary>
/// The file operations that saved files are made of, each of which may fail or be the last before a crash: tests stop
/// or fail a save at every one of them.
/// </summary>
public interface IFileSystem
{
    /// <summary>Creates a file, lets the caller write it and returns when its bytes are on the disk (fsync).</summary>
    void WriteFile(string path, Action<Stream> write);

    /// <summary>Creates a folder and its parents.</summary>
    void CreateFolder(string path);

    /// <summary>Returns when the names in a folder are on the disk (fsync).</summary>
    void SyncFolder(string path);

    /// <summary>Renames a file, replacing the target, in one step.</summary>
    void ReplaceFile(string source, string target);

    /// <summary>Renames a folder in one step. The target must not exist.</summary>
    void RenameFolder(string source, string target);

    /// <summary>Deletes a file if it exists.</summary>
    void DeleteFile(string path);

    /// <summary>Deletes a folder and what is in it.</summary>
    void DeleteFolder(string path);
}
