using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// Runs of Philox4x32-10 blocks as 16-bit numbers, eight to a block, low half of each word first: the numbers behind
/// <see cref="DropoutMask"/>.
/// </summary>
internal static unsafe class PhiloxNumbers
{
    public const int PerBlock = 8;

    private const uint Multiplier0 = 0xD2511F53,
        Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9,
        Weyl1 = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>Writes the numbers of <paramref name="blocks"/> blocks from <paramref name="first"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(ulong key, ulong stream, ulong first, int blocks, ushort* numbers)
    {
        int done = 0;
        bool lowWordWraps = (first + (ulong)blocks - 1) >> 32 != first >> 32;
        if (Avx2.IsSupported && !lowWordWraps)
        {
            for (; done + Vector256<uint>.Count <= blocks; done += Vector256<uint>.Count)
                EightBlocks(key, stream, first + (ulong)done, (uint*)(numbers + (done * PerBlock)));
        }

        for (; done < blocks; done++)
        {
            ulong block = first + (ulong)done;
            PhiloxWords words = Philox.Block(key, (uint)block, (uint)(block >> 32), (uint)stream, (uint)(stream >> 32));
            var target = (uint*)(numbers + (done * PerBlock));
            (target[0], target[1], target[2], target[3]) = (words.X, words.Y, words.Z, words.W);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EightBlocks(ulong key, ulong stream, ulong first, uint* words)
    {
        Vector256<uint> c0 = Vector256.Create((uint)first) + Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7);
        Vector256<uint> c1 = Vector256.Create((uint)(first >> 32)),
            c2 = Vector256.Create((uint)stream),
            c3 = Vector256.Create((uint)(stream >> 32));
        (uint key0, uint key1) = ((uint)key, (uint)(key >> 32));
        for (int round = 0; round < Rounds; round++)
        {
            (Vector256<uint> high0, Vector256<uint> low0) = Multiply(c0, Multiplier0);
            (Vector256<uint> high1, Vector256<uint> low1) = Multiply(c2, Multiplier1);
            c0 = high1 ^ c1 ^ Vector256.Create(key0);
            c1 = low1;
            c2 = high0 ^ c3 ^ Vector256.Create(key1);
            c3 = low0;
            key0 += Weyl0;
            key1 += Weyl1;
        }

        // Four words of eight blocks to eight blocks of four words.
        Vector256<ulong> xyLow = Avx2.UnpackLow(c0, c1).AsUInt64(),
            xyHigh = Avx2.UnpackHigh(c0, c1).AsUInt64();
        Vector256<ulong> zwLow = Avx2.UnpackLow(c2, c3).AsUInt64(),
            zwHigh = Avx2.UnpackHigh(c2, c3).AsUInt64();
        StoreBlocks(Avx2.UnpackLow(xyLow, zwLow), words, 0);
        StoreBlocks(Avx2.UnpackHigh(xyLow, zwLow), words, 1);
        StoreBlocks(Avx2.UnpackLow(xyHigh, zwHigh), words, 2);
        StoreBlocks(Avx2.UnpackHigh(xyHigh, zwHigh), words, 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<uint> High, Vector256<uint> Low) Multiply(Vector256<uint> counter, uint multiplier)
    {
        Vector256<uint> factor = Vector256.Create(multiplier);
        Vector256<ulong> even = Avx2.Multiply(counter, factor),
            odd = Avx2.Multiply(Avx2.ShiftRightLogical(counter.AsUInt64(), 32).AsUInt32(), factor);
        const byte oddWords = 0b10101010;
        return (
            Avx2.Blend(Avx2.ShiftRightLogical(even, 32).AsUInt32(), odd.AsUInt32(), oddWords),
            Avx2.Blend(even.AsUInt32(), Avx2.ShiftLeftLogical(odd, 32).AsUInt32(), oddWords)
        );
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreBlocks(Vector256<ulong> pair, uint* words, int block)
    {
        pair.GetLower().AsUInt32().Store(words + (block * 4));
        pair.GetUpper().AsUInt32().Store(words + ((block + 4) * 4));
    }
}
