using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Backends.Cuda.Compilation;

/// <summary>Who owns a file or folder, and who else may change it.</summary>
internal static partial class FileOwnership
{
    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>
    /// Why someone else than this user and root could have written it; null if nobody could, or where the operating system is not
    /// asked (Windows has no such modes).
    /// </summary>
    public static string? ReasonAgainst(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        uint owner = OwnerOf(path),
            self = EffectiveUser();
        if (owner != self && owner != 0)
            return $"belongs to user {owner}, not to user {self}";
        return (File.GetUnixFileMode(path) & WritableByOthers) != 0 ? "can be written by other users" : null;
    }

    /// <summary>
    /// By statx(2), whose structure is the same on every architecture. A link's own owner, not its target's: who may change the
    /// link chooses what is read.
    /// </summary>
    private static uint OwnerOf(string path)
    {
        const int CurrentFolder = -100,
            NoFollow = 0x100,
            MaskOwner = 0x8,
            OwnerAt = 20,
            StructureBytes = 256;
        Span<byte> status = stackalloc byte[StructureBytes];
        if (StatX(CurrentFolder, path, NoFollow, MaskOwner, status) != 0)
            throw new IOException($"cannot tell whom {path} belongs to");
        return BinaryPrimitives.ReadUInt32LittleEndian(status[OwnerAt..]);
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
