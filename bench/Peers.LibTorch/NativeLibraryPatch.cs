using System.Buffers.Binary;
using System.Text;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// TorchSharp's native library is linked against GCC 13 and asks for GLIBCXX_3.4.32, but uses no symbol of it. Where libstdc++ is
/// older the loader refuses it.
/// Marking that one requirement weak in the copy beside this program makes it load everywhere.
/// </summary>
internal static class NativeLibraryPatch
{
    private const string Version = "GLIBCXX_3.4.32";
    private const uint SectionOfNeededVersions = 0x6ffffffe;
    private const ushort Weak = 2;

    /// <summary>To be called before the first use of TorchSharp. Does nothing if done already.</summary>
    /// <exception cref="FileNotFoundException">The library is not beside the program.</exception>
    public static void Apply()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path} is missing: libtorch was not restored");
        byte[] library = File.ReadAllBytes(path);
        if (!MarkWeak(library))
            return;

        // A second process may be starting: it sees the old file or the new one.
        string patched = $"{path}.{Environment.ProcessId}";
        File.WriteAllBytes(patched, library);
        File.Move(patched, path, overwrite: true);
    }

    /// <summary>
    /// Whether a requirement was changed. Structures: System V ABI, chapter 4; Linux Standard Base, symbol versioning.
    /// </summary>
    private static bool MarkWeak(byte[] elf)
    {
        int table = (int)U64(0x28),
            entrySize = U16(0x3a),
            count = U16(0x3c);
        for (int i = 0; i < count; i++)
        {
            int header = table + (i * entrySize);
            if (U32(header + 4) == SectionOfNeededVersions)
                return MarkWeakIn((int)U64(header + 24), names: (int)U64(table + ((int)U32(header + 40) * entrySize) + 24));
        }

        return false;

        bool MarkWeakIn(int library, int names)
        {
            bool changed = false;
            for (int step = -1; step != 0; library += step)
            {
                step = (int)U32(library + 12);
                int version = library + (int)U32(library + 8);
                for (int next = -1; next != 0; version += next)
                {
                    next = (int)U32(version + 12);
                    if (Name(names + (int)U32(version + 8)) != Version || (U16(version + 4) & Weak) != 0)
                        continue;
                    BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(version + 4), (ushort)(U16(version + 4) | Weak));
                    changed = true;
                }
            }

            return changed;
        }

        string Name(int at) => Encoding.ASCII.GetString(elf.AsSpan(at, elf.AsSpan(at).IndexOf((byte)0)));

        ushort U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(at));

        uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(elf.AsSpan(at));

        ulong U64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(elf.AsSpan(at));
    }
}
