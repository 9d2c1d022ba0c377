using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UnpairedSegEngine.Storage;

/// <summary>The machine's own file system.</summary>
public sealed class DiskFileSystem : IFileSystem
{
    private DiskFileSystem() { }

    /// <summary>The only one: it has no state.</summary>
    public static DiskFileSystem Instance { get; } = new();

    /// <inheritdoc/>
    public void WriteFile(string path, Action<Stream> write)
    {
        using FileStream file = File.Create(path);
        write(file);
        file.Flush(flushToDisk: OperatingSystem.IsWindows());
        if (!OperatingSystem.IsWindows())
            Sync(file.SafeFileHandle, path);
    }

    /// <inheritdoc/>
    public void CreateFolder(string path) => Directory.CreateDirectory(path);

    /// <remarks>.NET opens no folders, hence libc. Windows has no such call.</remarks>
    public void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        using SafeFileHandle folder = UnixCalls.Open(path, UnixCalls.ReadOnlyCloseOnExec);
        if (folder.IsInvalid)
            throw Failure(path, Marshal.GetLastPInvokeError());
        Sync(folder, path);
    }

    /// <inheritdoc/>
    public void ReplaceFile(string source, string target) => File.Move(source, target, overwrite: true);

    /// <inheritdoc/>
    public void RenameFolder(string source, string target) => Directory.Move(source, target);

    /// <inheritdoc/>
    public void DeleteFile(string path) => File.Delete(path);

    /// <inheritdoc/>
    public void DeleteFolder(string path) => Directory.Delete(path, recursive: true);

    /// <remarks>.NET's own flush drops what fsync answers.</remarks>
    private static void Sync(SafeFileHandle handle, string path) =>
        Check(path, () => UnixCalls.Sync(handle) == 0 ? 0 : Marshal.GetLastPInvokeError());

    /// <summary>Calls what flushes until no signal interrupts it.</summary>
    /// <remarks>Some file systems cannot sync folders or pipes and say so: they order renames by themselves.</remarks>
    /// <param name="path">For the message.</param>
    /// <param name="flush">Answers with the system's error; 0 for none.</param>
    /// <exception cref="IOException">It failed.</exception>
    internal static void Check(string path, Func<int> flush)
    {
        int error;
        do error = flush();
        while (error == UnixCalls.Interrupted);

        if (error is not (0 or UnixCalls.InvalidArgument or UnixCalls.NotSupported or UnixCalls.ReadOnlyFileSystem))
            throw Failure(path, error);
    }

    private static IOException Failure(string path, int error) =>
        new($"'{path}': could not be flushed to the disk: {Marshal.GetPInvokeErrorMessage(error)}");
}
