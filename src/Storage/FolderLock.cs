using System.Globalization;

namespace UnpairedSegEngine.Storage;

/// <summary>
/// Lets one process at a time write a folder. The lock is the operating system's, on a file <c>.lock</c> that says who holds it;
/// a process that dies loses it. Where
/// the file system has no locks, or the holder runs on another host, its sign of life decides: the file's time, renewed every
/// half minute.
/// </summary>
public sealed class FolderLock : IDisposable
{
    /// <summary>Name of the file that holds the lock.</summary>
    public const string FileName = ".lock";

    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(30);

    /// <summary>Longer than a busy machine or another host's clock may be late.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly FileStream file;
    private readonly Timer timer;

    private FolderLock(FileStream file)
    {
        this.file = file;
        LockHolder.Self.Write(file);
        timer = new Timer(_ => Touch(file.Name), null, SignOfLife, SignOfLife);
    }

    /// <summary>Takes a folder's lock.</summary>
    /// <param name="folder">It must exist.</param>
    /// <param name="note">Is told, in one line, that a lock was left by a process that is gone.</param>
    /// <exception cref="IOException">Another process holds it; the message names it.</exception>
    public static FolderLock Take(string folder, Action<string>? note = null)
    {
        string path = Path.Combine(folder, FileName);
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (File.Exists(path))
        {
            throw Held(folder, LockHolder.Read(path)?.ToString() ?? "another process", exception);
        }

        if (LockHolder.Read(file.SafeFileHandle) is { } earlier)
        {
            TimeSpan silent = DateTime.UtcNow - File.GetLastWriteTimeUtc(path);
            if (earlier.IsAlive() ?? silent < Patience)
            {
                file.Dispose();
                throw Held(folder, earlier.ToString());
            }

            note?.Invoke($"'{folder}': {earlier} ended without giving back its lock; it is taken over");
        }

        return new FolderLock(file);
    }

    /// <summary>
    /// Gives the lock back. The file stays, empty: deleting it could take away the lock of a process that has just opened it.
    /// </summary>
    public void Dispose()
    {
        timer.Dispose();
        file.SetLength(0);
        file.Dispose();
    }

    private static IOException Held(string folder, string holder, Exception? inner = null) =>
        new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"'{folder}': {holder} writes it at the moment; wait for it, or end it (one on another host counts as "
                    + $"gone after {Patience.TotalMinutes} minutes without a sign)"
            ),
            inner
        );

    private static void Touch(string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next sign may succeed; the operating system's lock holds meanwhile.
        }
    }
}
