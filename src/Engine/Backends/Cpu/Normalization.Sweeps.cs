using System.Runtime.CompilerServices;

namespace UnpairedSegEngine.Backends.Cpu;

/// <remarks>
/// The sweeps over a chunk. Tiles hold coefficients that recur every period elements, see <see cref="ChannelTile"/>.
/// </remarks>
internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumChunk(int period, T* x, int count, T* accumulator)
    {
        new Span<T>(accumulator, period).Clear();
        for (int i = 0; i < count; i += period)
        {
            int end = Math.Min(period, count - i);
            for (int j = 0; j < end; j += TVector.Count)
                TVector.Store(TVector.Load(accumulator + j) + LoadUpTo(x + i + j, end - j), accumulator + j);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumSquares(int period, T* x, T* mean, int count, T* accumulator)
    {
        new Span<T>(accumulator, period).Clear();
        for (int i = 0; i < count; i += period)
        {
            int end = Math.Min(period, count - i);
            int j = 0;
            for (; j + TVector.Count <= end; j += TVector.Count)
            {
                TVector deviation = TVector.Load(x + i + j) - TVector.Load(mean + j);
                TVector.Store(TVector.MultiplyAdd(deviation, deviation, TVector.Load(accumulator + j)), accumulator + j);
            }

            for (; j < end; j++)
                accumulator[j] += (x[i + j] - mean[j]) * (x[i + j] - mean[j]);
        }
    }

    /// <summary>Tiles: scale, shift.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScaleShiftActivate(int period, T* x, T* scale, T slope, T* y, int count)
    {
        T* shift = scale + period;
        (TVector zero, TVector slopes) = (TVector.Broadcast(T.Zero), TVector.Broadcast(slope));
        for (int i = 0; i < count; i += period)
        {
            int end = Math.Min(period, count - i);
            for (int j = 0; j < end; j += TVector.Count)
            {
                TVector value = TVector.MultiplyAdd(
                    LoadUpTo(x + i + j, end - j),
                    TVector.Load(scale + j),
                    TVector.Load(shift + j)
                );
                StoreUpTo(TVector.WhereNotLess(value, zero, value, value * slopes), y + i + j, end - j);
            }
        }
    }

    /// <summary>Tiles: scale, shift, mean. Accumulators receive the sums of g and of g (d - mean).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GradientSums(int period, T* d, T* gy, T* tiles, T* accumulators, T slope, int count)
    {
        T* shift = tiles + period,
            mean = tiles + (2 * period),
            plain = accumulators,
            moment = accumulators + period;
        new Span<T>(plain, 2 * period).Clear();
        TVector slopes = TVector.Broadcast(slope);
        for (int i = 0; i < count; i += period)
        {
            int end = Math.Min(period, count - i);
            for (int j = 0; j < end; j += TVector.Count)
            {
                // Behind the end both x and gy read as zero and add nothing.
                TVector x = LoadUpTo(d + i + j, end - j);
                TVector g = BeforeActivation(
                    LoadUpTo(gy + i + j, end - j),
                    TVector.MultiplyAdd(x, TVector.Load(tiles + j), TVector.Load(shift + j)),
                    slopes
                );
                TVector.Store(TVector.Load(plain + j) + g, plain + j);
                TVector.Store(TVector.MultiplyAdd(g, x - TVector.Load(mean + j), TVector.Load(moment + j)), moment + j);
            }
        }
    }

    /// <summary>Tiles: scale, shift, factor of g, factor of d, offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GradientOfInput(int period, T* d, T* gy, T* tiles, T slope, T* gx, int count)
    {
        T* shift = tiles + period,
            factor = tiles + (2 * period),
            slant = tiles + (3 * period),
            offset = tiles + (4 * period);
        TVector slopes = TVector.Broadcast(slope);
        for (int i = 0; i < count; i += period)
        {
            int end = Math.Min(period, count - i);
            for (int j = 0; j < end; j += TVector.Count)
            {
                TVector x = LoadUpTo(d + i + j, end - j);
                TVector g = BeforeActivation(
                    LoadUpTo(gy + i + j, end - j),
                    TVector.MultiplyAdd(x, TVector.Load(tiles + j), TVector.Load(shift + j)),
                    slopes
                );
                TVector rest = TVector.MultiplyAdd(x, TVector.Load(slant + j), TVector.Load(offset + j));
                StoreUpTo(TVector.MultiplyAdd(g, TVector.Load(factor + j), rest), gx + i + j, end - j);
            }
        }
    }

    /// <summary>The gradient of a leaky ReLU's input, from that of its output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector BeforeActivation(TVector gradient, TVector value, TVector slopes) =>
        gradient * TVector.WhereNotLess(value, TVector.Broadcast(T.Zero), TVector.Broadcast(T.One), slopes);
}
