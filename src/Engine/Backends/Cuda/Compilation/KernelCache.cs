using System.Security.Cryptography;
using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Backends.Cuda.Compilation;

/// <summary>
/// Compiled images that later runs find again, each behind its SHA-256. What lies in the folder runs on the GPU as it is, so the
/// folder must be one that nobody else can write to.
/// </summary>
/// <param name="folder">Made when the first image is kept, for its owner alone.</param>
internal sealed class KernelCache(string folder)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static FileStreamOptions Creation =>
        OperatingSystem.IsWindows()
            ? new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write }
            : new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };

    /// <summary>Whether there is an image of that name, whole or not.</summary>
    public bool Has(string name) => File.Exists(PathOf(name));

    /// <summary>The image; null where it is missing, unreadable or damaged: it is made anew.</summary>
    /// <exception cref="CudaException">Someone else could have put it there.</exception>
    public byte[]? Read(string name)
    {
        if (!Has(name))
            return null;
        RequireTrusted(folder);
        RequireTrusted(PathOf(name));
        try
        {
            byte[] bytes = File.ReadAllBytes(PathOf(name));
            return
                bytes.Length > SHA256.HashSizeInBytes
                && SHA256
                    .HashData(bytes.AsSpan(SHA256.HashSizeInBytes))
                    .AsSpan()
                    .SequenceEqual(bytes.AsSpan(0, SHA256.HashSizeInBytes))
                ? bytes[SHA256.HashSizeInBytes..]
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps an image. A cache that cannot be written costs time, nothing else.</summary>
    public void Write(string name, byte[] image)
    {
        string temporary = $"{PathOf(name)}.{Environment.ProcessId}";
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(folder);
            else
                Directory.CreateDirectory(folder, OwnerOnly);
            File.Delete(temporary);
            using (FileStream file = new(temporary, Creation))
            {
                file.Write(SHA256.HashData(image));
                file.Write(image);
            }

            File.Move(temporary, PathOf(name), overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException) { }
    }

    private static void RequireTrusted(string path)
    {
        if (FileOwnership.ReasonAgainst(path) is { } reason)
            throw new CudaException(
                $"compiled kernels in {path} are not used: it {reason}; remove it, or set XDG_CACHE_HOME to a folder of your own"
            );
    }

    private string PathOf(string name) => Path.Combine(folder, name);
}
