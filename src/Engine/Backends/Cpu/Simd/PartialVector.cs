using System.Runtime.CompilerServices;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>Loads and stores of the first lanes only, for the ends of arrays.</summary>
internal static unsafe class PartialVector
{
    /// <summary>The first <paramref name="lanes"/> lanes from memory, zero in the others.</summary>
    public static TVector Load<TVector, T>(T* source, int lanes)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged
    {
        TVector vector = default;
        Unsafe.CopyBlockUnaligned(&vector, source, (uint)(lanes * sizeof(T)));
        return vector;
    }

    public static void Store<TVector, T>(TVector vector, T* target, int lanes)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged => Unsafe.CopyBlockUnaligned(target, &vector, (uint)(lanes * sizeof(T)));
}
