using System.Runtime.Intrinsics.X86;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>Widths of vector code that the CPU backend has. Chosen once, when the backend is made.</summary>
public enum SimdLevel
{
    /// <summary>128-bit vectors through .NET's portable API: runs on any processor.</summary>
    Portable,

    /// <summary>256-bit vectors with fused multiply-add.</summary>
    Avx2,

    /// <summary>512-bit vectors and 32 registers.</summary>
    Avx512,
}

/// <summary>Which levels this processor runs.</summary>
public static class SimdLevels
{
    /// <summary>The widest that this processor runs: AVX-512 needs its F and DQ parts, AVX2 needs FMA.</summary>
    public static SimdLevel Best { get; } =
        Avx512F.IsSupported && Avx512DQ.IsSupported ? SimdLevel.Avx512
        : Avx2.IsSupported && Fma.IsSupported ? SimdLevel.Avx2
        : SimdLevel.Portable;

    /// <summary>The levels up to <see cref="Best"/>, slowest first.</summary>
    public static IEnumerable<SimdLevel> Available => Enum.GetValues<SimdLevel>().Where(level => level <= Best);

    /// <summary>Elements of float or double in one vector.</summary>
    public static int Lanes(this SimdLevel level, Type elementType) =>
        level.VectorBytes() / (elementType == typeof(double) ? sizeof(double) : sizeof(float));

    /// <summary>Bytes of one vector.</summary>
    public static int VectorBytes(this SimdLevel level) =>
        level switch
        {
            SimdLevel.Avx512 => 64,
            SimdLevel.Avx2 => 32,
            SimdLevel.Portable => 16,
            _ => throw new ArgumentOutOfRangeException(nameof(level), level, "unknown width of vectors"),
        };
}
