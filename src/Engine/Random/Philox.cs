using System.Runtime.CompilerServices;

namespace UnpairedSegEngine.Random;

/// <summary>
/// Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011): a counter-based generator.
/// It has no state: the same key and counter give the same four words on every thread, device and restart.
/// </summary>
public static class Philox
{
    private const uint Multiplier0 = 0xD2511F53,
        Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9,
        Weyl1 = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>The four words of a 64-bit key and a 128-bit counter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PhiloxWords Block(ulong key, uint counter0, uint counter1 = 0, uint counter2 = 0, uint counter3 = 0)
    {
        uint key0 = (uint)key,
            key1 = (uint)(key >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            ulong product0 = (ulong)Multiplier0 * counter0;
            ulong product1 = (ulong)Multiplier1 * counter2;
            counter0 = (uint)(product1 >> 32) ^ counter1 ^ key0;
            counter1 = (uint)product1;
            counter2 = (uint)(product0 >> 32) ^ counter3 ^ key1;
            counter3 = (uint)product0;
            key0 += Weyl0;
            key1 += Weyl1;
        }
        return new PhiloxWords(counter0, counter1, counter2, counter3);
    }

    /// <summary>A word as a float uniform in [0, 1): its upper 24 bits, so that every value is exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Uniform(uint word) => (word >> 8) * (1f / (1 << 24));

    /// <summary>A word as a float uniform in [low, high); <paramref name="low"/> exactly when both are equal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Uniform(uint word, float low, float high) => low + ((high - low) * Uniform(word));

    /// <summary>
    /// A word as an integer in [0, <paramref name="count"/>) (Lemire's multiply-shift; the bias is below count / 2^32).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Index(uint word, int count) => (int)(((ulong)word * (uint)count) >> 32);

    /// <summary>Two words as two independent standard normal values (Box-Muller).</summary>
    public static (float First, float Second) Normal(uint word0, uint word1)
    {
        // 1 - u lies in (0, 1], so that the logarithm is finite.
        double radius = Math.Sqrt(-2.0 * Math.Log(1.0 - ((word0 >> 8) * (1.0 / (1 << 24)))));
        (double sin, double cos) = Math.SinCos(2.0 * Math.PI * ((word1 >> 8) * (1.0 / (1 << 24))));
        return ((float)(radius * cos), (float)(radius * sin));
    }
}
