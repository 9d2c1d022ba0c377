using System.Runtime.CompilerServices;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// The transforms of F(4x4, 3x3) with the points 0, 1, -1, 2, -2 and infinity (Lavin and Gray 2016, arXiv:1509.09308): a 4x4 tile
/// of outputs costs 36 products instead of 144.
/// Y = A' [(G w G') . (B' x B)] A; the gradient of the weights is G' [(B' x B) . (A gy A')] G. Each works on a vector of channels
/// at a time.
/// </summary>
/// <typeparam name="TVector">Vector of channels.</typeparam>
[SkipLocalsInit]
internal static unsafe class WinogradTransforms<TVector>
    where TVector : unmanaged, ISimd<TVector, float>
{
    private static int VectorBytes => TVector.Count * sizeof(float);

    /// <summary>
    /// A distance between positions at least this large: an odd number of vectors, since 36 rows a power of two apart would fight
    /// for a few sets of the cache.
    /// </summary>
    public static long Skewed(long elements) => ((elements / TVector.Count) | 1) * TVector.Count;

    /// <summary>B' x B of some of a grid's tiles.</summary>
    /// <param name="grid">Cuts the input into tiles.</param>
    /// <param name="tiles">Numbers of the tiles.</param>
    /// <param name="x">The input, (samples, depth, height, width, channels).</param>
    /// <param name="depth">Which of its slices.</param>
    /// <param name="channels">Its channels.</param>
    /// <param name="band">Those to transform.</param>
    /// <param name="load">Applied to them first.</param>
    /// <param name="zeros">Room for as many zeros.</param>
    /// <param name="target">Receives the first tile's first position; a row per tile.</param>
    /// <param name="rowStride">Elements between tiles.</param>
    /// <param name="positionStride">Elements between positions.</param>
    public static void Inputs(
        TileGrid grid,
        Range tiles,
        float* x,
        int depth,
        int channels,
        Range band,
        LoadTransform load,
        float* zeros,
        float* target,
        int rowStride,
        long positionStride
    )
    {
        (int first, int count) = (band.Start.Value, band.End.Value - band.Start.Value);
        float** pointers = stackalloc float*[TileGrid.Positions],
            own = stackalloc float*[TileGrid.Positions];
        float* block = stackalloc float[(TileGrid.Positions + 1) * TVector.Count],
            transformed = Aligned(block);
        for (int i = 0; i < TileGrid.Positions; i++)
            own[i] = transformed + (i * TVector.Count);
        new Span<float>(zeros, count).Clear();
        for (int tile = tiles.Start.Value; tile < tiles.End.Value; tile++, target += rowStride)
        {
            grid.InputPointers(tile, x + first, depth, channels, zeros, pointers);
            long sample = tile / grid.Count;
            for (int channel = 0; channel < count; channel += TVector.Count)
            {
                if (load.IsIdentity)
                {
                    Input(pointers, channel, target + channel, positionStride);
                    continue;
                }

                load.Apply<TVector>(
                    (sample * channels) + first + channel,
                    pointers,
                    channel,
                    TileGrid.Positions,
                    zeros,
                    transformed
                );
                Input(own, 0, target + channel, positionStride);
            }
        }
    }

    /// <summary>B' x B of a 6x6 tile.</summary>
    /// <param name="source">Where each element's channels begin.</param>
    /// <param name="channel">First channel of the vector.</param>
    /// <param name="target">Receives the first position's vector; the others lie <paramref name="stride"/> apart.</param>
    /// <param name="stride">Elements between positions.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float** source, int channel, float* target, long stride)
    {
        float* block = stackalloc float[(36 + 1) * TVector.Count],
            half = Aligned(block);
        for (int j = 0; j < 6; j++)
        {
            Input(
                TVector.Load(source[j] + channel),
                TVector.Load(source[6 + j] + channel),
                TVector.Load(source[12 + j] + channel),
                TVector.Load(source[18 + j] + channel),
                TVector.Load(source[24 + j] + channel),
                TVector.Load(source[30 + j] + channel),
                half + (j * TVector.Count),
                6 * TVector.Count
            );
        }

        for (int i = 0; i < 6; i++)
        {
            var h = (TVector*)(half + (6 * i * TVector.Count));
            Input(h[0], h[1], h[2], h[3], h[4], h[5], target + (6 * i * stride), stride);
        }
    }

    /// <summary>G w G' of a 3x3 kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weights(float** source, float* target, long stride)
    {
        float* block = stackalloc float[(18 + 1) * TVector.Count],
            half = Aligned(block);
        for (int j = 0; j < 3; j++)
            Weights(
                TVector.Load(source[j]),
                TVector.Load(source[3 + j]),
                TVector.Load(source[6 + j]),
                half + (j * TVector.Count),
                3 * TVector.Count
            );
        for (int i = 0; i < 6; i++)
        {
            var h = (TVector*)(half + (3 * i * TVector.Count));
            Weights(h[0], h[1], h[2], target + (6 * i * stride), stride);
        }
    }

    /// <summary>A' m A: the 4x4 outputs of 36 products.</summary>
    /// <param name="source">The first position's vector.</param>
    /// <param name="stride">Elements between positions.</param>
    /// <param name="target">Receives 16 vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output(float* source, long stride, float* target)
    {
        float* block = stackalloc float[(24 + 1) * TVector.Count],
            half = Aligned(block);
        for (int j = 0; j < 6; j++)
        {
            Output(
                TVector.Load(source + (j * stride)),
                TVector.Load(source + ((6 + j) * stride)),
                TVector.Load(source + ((12 + j) * stride)),
                TVector.Load(source + ((18 + j) * stride)),
                TVector.Load(source + ((24 + j) * stride)),
                TVector.Load(source + ((30 + j) * stride)),
                half + (j * TVector.Count),
                6 * TVector.Count
            );
        }

        for (int i = 0; i < 4; i++)
        {
            var h = (TVector*)(half + (6 * i * TVector.Count));
            Output(h[0], h[1], h[2], h[3], h[4], h[5], target + (4 * i * TVector.Count), TVector.Count);
        }
    }

    /// <summary>A gy A' of a 4x4 tile of the output's gradient.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OutputGradient(float** source, int channel, float* target, long stride)
    {
        float* block = stackalloc float[(24 + 1) * TVector.Count],
            half = Aligned(block);
        for (int j = 0; j < 4; j++)
        {
            OutputGradient(
                TVector.Load(source[j] + channel),
                TVector.Load(source[4 + j] + channel),
                TVector.Load(source[8 + j] + channel),
                TVector.Load(source[12 + j] + channel),
                half + (j * TVector.Count),
                4 * TVector.Count
            );
        }

        for (int i = 0; i < 6; i++)
        {
            var h = (TVector*)(half + (4 * i * TVector.Count));
            OutputGradient(h[0], h[1], h[2], h[3], target + (6 * i * stride), stride);
        }
    }

    /// <summary>G' r G: the gradient of the 3x3 kernel from 36 sums of products.</summary>
    /// <param name="source">The first position's vector.</param>
    /// <param name="stride">Elements between positions.</param>
    /// <param name="target">Receives 9 vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WeightsGradient(float* source, long stride, float* target)
    {
        float* block = stackalloc float[(18 + 1) * TVector.Count],
            half = Aligned(block);
        for (int j = 0; j < 6; j++)
        {
            WeightsGradient(
                TVector.Load(source + (j * stride)),
                TVector.Load(source + ((6 + j) * stride)),
                TVector.Load(source + ((12 + j) * stride)),
                TVector.Load(source + ((18 + j) * stride)),
                TVector.Load(source + ((24 + j) * stride)),
                TVector.Load(source + ((30 + j) * stride)),
                half + (j * TVector.Count),
                6 * TVector.Count
            );
        }

        for (int i = 0; i < 3; i++)
        {
            var h = (TVector*)(half + (6 * i * TVector.Count));
            WeightsGradient(h[0], h[1], h[2], h[3], h[4], h[5], target + (3 * i * TVector.Count), TVector.Count);
        }
    }

    /// <summary>The block's first address of a whole vector: vectors across two cache lines take twice as long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Aligned(float* block) => (float*)(((nint)block + VectorBytes - 1) & -VectorBytes);

    /// <summary>B' along one axis.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Input(TVector x0, TVector x1, TVector x2, TVector x3, TVector x4, TVector x5, float* t, long step)
    {
        TVector two = TVector.Broadcast(2),
            four = TVector.Broadcast(4),
            minusFive = TVector.Broadcast(-5),
            minusFour = TVector.Broadcast(-4);
        TVector odd = TVector.MultiplyAdd(minusFour, x1, x3),
            even = TVector.MultiplyAdd(minusFour, x2, x4),
            far = x4 - x2,
            near = two * (x3 - x1);
        TVector.Store(TVector.MultiplyAdd(four, x0, TVector.MultiplyAdd(minusFive, x2, x4)), t);
        TVector.Store(even + odd, t + step);
        TVector.Store(even - odd, t + (2 * step));
        TVector.Store(far + near, t + (3 * step));
        TVector.Store(far - near, t + (4 * step));
        TVector.Store(TVector.MultiplyAdd(four, x1, TVector.MultiplyAdd(minusFive, x3, x5)), t + (5 * step));
    }

    /// <summary>G along one axis.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Weights(TVector w0, TVector w1, TVector w2, float* t, long step)
    {
        TVector quarter = TVector.Broadcast(1 / 4f),
            sixth = TVector.Broadcast(-1 / 6f),
            twelfth = TVector.Broadcast(1 / 12f),
            small = TVector.Broadcast(1 / 24f);
        TVector outer = w0 + w2,
            wide = TVector.MultiplyAdd(small, w0, TVector.Broadcast(1 / 6f) * w2),
            middle = twelfth * w1;
        TVector.Store(quarter * w0, t);
        TVector.Store(sixth * (outer + w1), t + step);
        TVector.Store(sixth * (outer - w1), t + (2 * step));
        TVector.Store(wide + middle, t + (3 * step));
        TVector.Store(wide - middle, t + (4 * step));
        TVector.Store(w2, t + (5 * step));
    }

    /// <summary>A' along one axis.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Output(TVector m0, TVector m1, TVector m2, TVector m3, TVector m4, TVector m5, float* t, long step)
    {
        TVector sum = m1 + m2,
            difference = m1 - m2,
            farSum = m3 + m4,
            farDifference = m3 - m4;
        TVector.Store(m0 + sum + farSum, t);
        TVector.Store(TVector.MultiplyAdd(TVector.Broadcast(2), farDifference, difference), t + step);
        TVector.Store(TVector.MultiplyAdd(TVector.Broadcast(4), farSum, sum), t + (2 * step));
        TVector.Store(TVector.MultiplyAdd(TVector.Broadcast(8), farDifference, difference) + m5, t + (3 * step));
    }

    /// <summary>A along one axis.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OutputGradient(TVector g0, TVector g1, TVector g2, TVector g3, float* t, long step)
    {
        TVector even = g0 + g2,
            odd = g1 + g3,
            farEven = TVector.MultiplyAdd(TVector.Broadcast(4), g2, g0);
        TVector farOdd = TVector.MultiplyAdd(TVector.Broadcast(8), g3, TVector.Broadcast(2) * g1);
        TVector.Store(g0, t);
        TVector.Store(even + odd, t + step);
        TVector.Store(even - odd, t + (2 * step));
        TVector.Store(farEven + farOdd, t + (3 * step));
        TVector.Store(farEven - farOdd, t + (4 * step));
        TVector.Store(g3, t + (5 * step));
    }

    /// <summary>G' along one axis.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightsGradient(
        TVector r0,
        TVector r1,
        TVector r2,
        TVector r3,
        TVector r4,
        TVector r5,
        float* t,
        long step
    )
    {
        TVector near = TVector.Broadcast(-1 / 6f) * (r1 + r2),
            nearDifference = TVector.Broadcast(-1 / 6f) * (r1 - r2);
        TVector farSum = r3 + r4,
            farDifference = r3 - r4;
        TVector.Store(
            TVector.MultiplyAdd(TVector.Broadcast(1 / 4f), r0, TVector.MultiplyAdd(TVector.Broadcast(1 / 24f), farSum, near)),
            t
        );
        TVector.Store(TVector.MultiplyAdd(TVector.Broadcast(1 / 12f), farDifference, nearDifference), t + step);
        TVector.Store(TVector.MultiplyAdd(TVector.Broadcast(1 / 6f), farSum, near) + r5, t + (2 * step));
    }
}
