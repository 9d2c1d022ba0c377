using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

/// <remarks>
/// All four kinds share the passes over the data: chunks of one sample yield sums per channel, and only the small sums know over what a kind
/// takes its moments. Sums are combined in float64 and in an order fixed by the shape.
/// </remarks>
internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    private readonly AlignedScratch chunkSums = new();
    private readonly AlignedScratch[] chunkScratch = [.. Enumerable.Range(0, threads.Count).Select(_ => new AlignedScratch())];

    public override void NormalizationStatistics(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance)
    {
        var plan = new NormalizationPlan(problem, TVector.Count);
        int channels = problem.Channels;
        T* source = PointerOf(x);
        double* sums = chunkSums.Get<double>(2L * plan.Chunks * channels);
        threads.Run(plan.Chunks, (index, worker) =>
        {
            (_, long start, int count) = plan.Chunk(index);
            T* scratch = chunkScratch[worker].Get<T>((long)(plan.ChunkPositions * channels) + (2L * plan.Tile.Period) + TVector.Count);
            T* dropped = Dropped(problem.Dropout, source, start, count, scratch + (2 * plan.Tile.Period));
            ChunkMoments(plan.Tile, dropped, count, scratch, sums + (2L * index * channels));
        });
        CombineMoments(problem, plan, sums, PointerOf(mean), PointerOf(variance));
    }

    public override void UpdateRunningStatistics(
        NormalizationProblem problem, double decay, Tensor mean, Tensor variance, Tensor runningMean, Tensor runningVariance)
    {
        T* means = PointerOf(mean), variances = PointerOf(variance), runningMeans = PointerOf(runningMean), runningVariances = PointerOf(runningVariance);
        (T keep, T take) = (T.CreateTruncating(decay), T.CreateTruncating(1 - decay));
        int groups = problem.StatisticsGroups;
        for (int i = 0; i < problem.StatisticsRows * groups; i++)
        {
            if (problem.ElementsOfRow(i / groups) == 0)
                continue;
            runningMeans[i] = (keep * runningMeans[i]) + (take * means[i]);
            runningVariances[i] = (keep * runningVariances[i]) + (take * variances[i]);
        }
    }

    public override void NormalizationForward(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, Tensor y)
    {
        var plan = new NormalizationPlan(problem, TVector.Count);
        T* source = PointerOf(x), target = PointerOf(y);
        T slope = T.CreateTruncating(problem.Slope);
        double[] scales = Coefficients(problem, plan, mean, variance, gamma, beta, out double[] shifts);
        threads.Run(plan.Chunks, (index, worker) =>
        {
            (int sample, long start, int count) = plan.Chunk(index);
            T* scale = chunkScratch[worker].Get<T>((long)(plan.ChunkPositions * problem.Channels) + (2L * plan.Tile.Period) + TVector.Count);
            T* shift = scale + plan.Tile.Period;
            FillTile(plan, scale, scales, sample);
            FillTile(plan, shift, shifts, sample);
            T* dropped = Dropped(problem.Dropout, source, start, count, shift + plan.Tile.Period);
            ScaleShiftActivate(plan.Tile.Period, dropped, scale, shift, slope, target + start, count);
        });
    }

    public override void NormalizationBackward(
        NormalizationProblem problem, bool throughStatistics, Tensor gy, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta,
        Tensor? gx, Tensor? ggamma, Tensor? gbeta)
    {
        var plan = new NormalizationPlan(problem, TVector.Count);
        int channels = problem.Channels;
        T* source = PointerOf(x), gradient = PointerOf(gy);
        T slope = T.CreateTruncating(problem.Slope);
        double[] scales = Coefficients(problem, plan, mean, variance, gamma, beta, out double[] shifts);
        double[] deviations = ReciprocalDeviations(problem, variance), means = ToDoubles(mean);

        double* sums = chunkSums.Get<double>(2L * plan.Chunks * channels);
        threads.Run(plan.Chunks, (index, worker) =>
        {
            (int sample, long start, int count) = plan.Chunk(index);
            int period = plan.Tile.Period;
            T* scale = chunkScratch[worker].Get<T>((long)(plan.ChunkPositions * channels) + (5L * period) + TVector.Count);
            FillTile(plan, scale, scales, sample);
            FillTile(plan, scale + period, shifts, sample);
            plan.Tile.Fill(scale + (2 * period), c => means[plan.Slot(sample, c)]);
            T* dropped = Dropped(problem.Dropout, source, start, count, scale + (5 * period));
            GradientSums(period, dropped, gradient + start, scale, slope, count);
            plan.Tile.Fold(scale + (3 * period), sums + (2L * index * channels));
            plan.Tile.Fold(scale + (4 * period), sums + (((2L * index) + 1) * channels));
        });
        (double[] slotGradients, double[] slotMoments) = CombineGradients(problem, plan, sums, deviations, ToDoubles(gamma), ggamma, gbeta);
        if (gx is null)
            return;

        // gx = rstd (gamma g - (sum of gamma g + xhat * sum of gamma g xhat) / n), as factor * g + slope of d * d + offset.
        double[] gammas = ToDoubles(gamma);
        T* target = PointerOf(gx);
        threads.Run(plan.Chunks, (index, worker) =>
        {
            (int sample, long start, int count) = plan.Chunk(index);
            int period = plan.Tile.Period;
            T* scale = chunkScratch[worker].Get<T>((long)(plan.ChunkPositions * channels) + (5L * period) + TVector.Count);
            FillTile(plan, scale, scales, sample);
            FillTile(plan, scale + period, shifts, sample);
            double elements = problem.ElementsOfRow(problem.RowOf(sample));
            plan.Tile.Fill(scale + (2 * period), c => gammas[plan.Affine(sample, c)] * deviations[plan.Slot(sample, c)]);
            double Slant(int slot) => throughStatistics ? -slotMoments[slot] * deviations[slot] * deviations[slot] / elements : 0;
            plan.Tile.Fill(scale + (3 * period), c => Slant(plan.Slot(sample, c)));
            plan.Tile.Fill(scale + (4 * period), c =>
            {
                int slot = plan.Slot(sample, c);
                return throughStatistics ? -(slotGradients[slot] * deviations[slot] / elements) - (Slant(slot) * means[slot]) : 0;
            });
            T* dropped = Dropped(problem.Dropout, source, start, count, scale + (5 * period));
            GradientOfInput(period, dropped, gradient + start, scale, slope, target + start, count);
            DropRange(problem.Dropout, start, target + start, target + start, count);
        });
    }

    /// <summary>The chunk after dropout: in place where there is none.</summary>
    private static T* Dropped(DropoutMask mask, T* x, long start, int count, T* scratch)
    {
        if (!mask.IsActive)
            return x + start;
        DropRange(mask, start, x + start, scratch, count);
        return scratch;
    }

    private static double[] ToDoubles(Tensor tensor)
    {
        var values = new double[tensor.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = double.CreateTruncating(PointerOf(tensor)[i]);
        return values;
    }

    private static double[] ReciprocalDeviations(NormalizationProblem problem, Tensor variance)
        => Array.ConvertAll(ToDoubles(variance), v => 1 / Math.Sqrt(v + problem.Epsilon));

    /// <summary>gamma / deviation and beta - mean gamma / deviation, by sample and channel.</summary>
    private static double[] Coefficients(
        NormalizationProblem problem, NormalizationPlan plan, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, out double[] shifts)
    {
        double[] deviations = ReciprocalDeviations(problem, variance);
        var scales = new double[problem.Samples * problem.Channels];
        shifts = new double[scales.Length];
        for (int sample = 0; sample < problem.Samples; sample++)
        {
            for (int channel = 0; channel < problem.Channels; channel++)
            {
                (int slot, int affine, int i) = (plan.Slot(sample, channel), plan.Affine(sample, channel), (sample * problem.Channels) + channel);
                scales[i] = double.CreateTruncating(PointerOf(gamma)[affine]) * deviations[slot];
                shifts[i] = double.CreateTruncating(PointerOf(beta)[affine]) - (double.CreateTruncating(PointerOf(mean)[slot]) * scales[i]);
            }
        }

        return scales;
    }

    private static void FillTile(NormalizationPlan plan, T* tile, double[] bySampleAndChannel, int sample)
        => plan.Tile.Fill(tile, channel => bySampleAndChannel[(sample * plan.Tile.Channels) + channel]);

    /// <summary>Mean and sum of squared deviations of a chunk, by channel: two sweeps over cached data, exact however far the mean lies from zero.</summary>
    private static void ChunkMoments(ChannelTile tile, T* x, int count, T* scratch, double* moments)
    {
        T* accumulator = scratch, mean = scratch + tile.Period;
        int positions = count / tile.Channels;
        SumChunk(tile.Period, x, count, accumulator);
        tile.Fold(accumulator, moments);
        for (int channel = 0; channel < tile.Channels; channel++)
            moments[channel] /= positions;
        tile.Fill(mean, channel => moments[channel]);
        SumSquares(tile.Period, x, mean, count, accumulator);
        tile.Fold(accumulator, moments + tile.Channels);

        // The mean was rounded to T: take back what that shifted.
        for (int channel = 0; channel < tile.Channels; channel++)
        {
            double rounding = moments[channel] - double.CreateTruncating(mean[channel]);
            moments[tile.Channels + channel] -= positions * rounding * rounding;
        }
    }

    /// <summary>Chunks to statistics, by the update of Chan, Golub and LeVeque (1979).</summary>
    private static void CombineMoments(NormalizationProblem problem, NormalizationPlan plan, double* moments, T* mean, T* variance)
    {
        int channels = problem.Channels, slots = problem.StatisticsRows * problem.StatisticsGroups;
        double[] counts = new double[slots], means = new double[slots], squares = new double[slots];
        for (int index = 0; index < plan.Chunks; index++)
        {
            (int sample, _, int count) = plan.Chunk(index);
            double positions = (double)count / channels;
            double* chunk = moments + (2L * index * channels);
            for (int channel = 0; channel < channels; channel++)
            {
                int slot = plan.Slot(sample, channel);
                double total = counts[slot] + positions, difference = chunk[channel] - means[slot];
                squares[slot] += chunk[channels + channel] + (difference * difference * counts[slot] * positions / total);
                means[slot] += difference * positions / total;
                counts[slot] = total;
            }
        }

        for (int slot = 0; slot < slots; slot++)
        {
            if (counts[slot] > 0)
                (mean[slot], variance[slot]) = (T.CreateTruncating(means[slot]), T.CreateTruncating(squares[slot] / counts[slot]));
        }
    }

    /// <summary>Chunk sums to ggamma, gbeta and the sums that the gradient through the statistics needs.</summary>
    private static (double[] Gradients, double[] Moments) CombineGradients(
        NormalizationProblem problem, NormalizationPlan plan, double* sums, double[] deviations, double[] gammas, Tensor? ggamma, Tensor? gbeta)
    {
        int channels = problem.Channels;
        double[] gammaSums = new double[problem.AffineShape.Count], betaSums = new double[gammaSums.Length];
        double[] slotGradients = new double[deviations.Length], slotMoments = new double[deviations.Length];
        for (int index = 0; index < plan.Chunks; index++)
        {
            int sample = plan.Chunk(index).Sample;
            double* chunk = sums + (2L * index * channels);
            for (int channel = 0; channel < channels; channel++)
            {
                (int slot, int affine) = (plan.Slot(sample, channel), plan.Affine(sample, channel));
                double gradient = chunk[channel], moment = chunk[channels + channel] * deviations[slot];
                betaSums[affine] += gradient;
                gammaSums[affine] += moment;
                slotGradients[slot] += gradient * gammas[affine];
                slotMoments[slot] += moment * gammas[affine];
            }
        }

        StoreSums(gammaSums, ggamma);
        StoreSums(betaSums, gbeta);
        return (slotGradients, slotMoments);
    }

    private static void StoreSums(double[] sums, Tensor? tensor)
    {
        for (int i = 0; tensor is not null && i < sums.Length; i++)
            PointerOf(tensor)[i] = T.CreateTruncating(sums[i]);
    }

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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScaleShiftActivate(int period, T* x, T* scale, T* shift, T slope, T* y, int count)
    {
        (TVector zero, TVector slopes) = (TVector.Broadcast(T.Zero), TVector.Broadcast(slope));
        for (int i = 0; i < count; i += period)
        {
            int end = Math.Min(period, count - i);
            for (int j = 0; j < end; j += TVector.Count)
            {
                TVector value = TVector.MultiplyAdd(LoadUpTo(x + i + j, end - j), TVector.Load(scale + j), TVector.Load(shift + j));
                StoreUpTo(TVector.WhereNotLess(value, zero, value, value * slopes), y + i + j, end - j);
            }
        }
    }

    /// <summary>Tiles: scale, shift, mean; then receives the sums of g and of g (d - mean).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GradientSums(int period, T* d, T* gy, T* tiles, T slope, int count)
    {
        T* shift = tiles + period, mean = tiles + (2 * period), plain = tiles + (3 * period), moment = tiles + (4 * period);
        new Span<T>(plain, 2 * period).Clear();
        (TVector zero, TVector one, TVector slopes) = (TVector.Broadcast(T.Zero), TVector.Broadcast(T.One), TVector.Broadcast(slope));
        for (int i = 0; i < count; i += period)
        {
            int end = Math.Min(period, count - i);
            for (int j = 0; j < end; j += TVector.Count)
            {
                // Behind the end both x and gy read as zero and add nothing.
                TVector x = LoadUpTo(d + i + j, end - j);
                TVector value = TVector.MultiplyAdd(x, TVector.Load(tiles + j), TVector.Load(shift + j));
                TVector g = LoadUpTo(gy + i + j, end - j) * TVector.WhereNotLess(value, zero, one, slopes);
                TVector.Store(TVector.Load(plain + j) + g, plain + j);
                TVector.Store(TVector.MultiplyAdd(g, x - TVector.Load(mean + j), TVector.Load(moment + j)), moment + j);
            }
        }
    }

    /// <summary>Tiles: scale, shift, factor of g, factor of d, offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GradientOfInput(int period, T* d, T* gy, T* tiles, T slope, T* gx, int count)
    {
        T* shift = tiles + period, factor = tiles + (2 * period), slant = tiles + (3 * period), offset = tiles + (4 * period);
        (TVector zero, TVector one, TVector slopes) = (TVector.Broadcast(T.Zero), TVector.Broadcast(T.One), TVector.Broadcast(slope));
        for (int i = 0; i < count; i += period)
        {
            int end = Math.Min(period, count - i);
            for (int j = 0; j < end; j += TVector.Count)
            {
                TVector x = LoadUpTo(d + i + j, end - j);
                TVector value = TVector.MultiplyAdd(x, TVector.Load(tiles + j), TVector.Load(shift + j));
                TVector g = LoadUpTo(gy + i + j, end - j) * TVector.WhereNotLess(value, zero, one, slopes);
                TVector rest = TVector.MultiplyAdd(x, TVector.Load(slant + j), TVector.Load(offset + j));
                StoreUpTo(TVector.MultiplyAdd(g, TVector.Load(factor + j), rest), gx + i + j, end - j);
            }
        }
    }

    /// <summary>A vector of which at most <paramref name="available"/> lanes are read; the others are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector LoadUpTo(T* source, int available)
        => available >= TVector.Count ? TVector.Load(source) : PartialVector.Load<TVector, T>(source, available);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreUpTo(TVector vector, T* target, int available)
    {
        if (available >= TVector.Count)
            TVector.Store(vector, target);
        else
            PartialVector.Store<TVector, T>(vector, target, available);
    }
}
