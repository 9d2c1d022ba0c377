using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

/// <remarks>
/// All four kinds share the passes over the data: chunks of one sample yield sums per channel, and only the small sums know over
/// what a kind
/// takes its moments. Sums are combined in float64 and in an order fixed by the shape.
/// </remarks>
internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    private readonly AlignedScratch chunkSums = new();
    private readonly AlignedScratch coefficients = new();
    private readonly AlignedScratch[] chunkScratch = PerWorker(threads),
        chunkAccumulators = PerWorker(threads);

    public override void NormalizationStatistics(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance)
    {
        var plan = new NormalizationPlan(problem, TVector.Count);
        int channels = problem.Channels;
        T* source = PointerOf(x);
        double* sums = chunkSums.Get<double>(2L * plan.Chunks * channels);
        threads.Run(
            plan.Chunks,
            (index, worker) =>
            {
                (_, long start, int count) = plan.Chunk(index);
                T* dropped = Dropped(problem.Dropout, source, start, count, chunkScratch[worker]);
                ChunkMoments(
                    plan.Tile,
                    dropped,
                    count,
                    chunkAccumulators[worker].Get<T>(2L * plan.Tile.Period),
                    sums + (2L * index * channels)
                );
            }
        );
        CombineMoments(problem, plan, sums, PointerOf(mean), PointerOf(variance));
    }

    public override void UpdateRunningStatistics(
        NormalizationProblem problem,
        double decay,
        Tensor mean,
        Tensor variance,
        Tensor runningMean,
        Tensor runningVariance
    )
    {
        T* means = PointerOf(mean),
            variances = PointerOf(variance),
            runningMeans = PointerOf(runningMean),
            runningVariances = PointerOf(runningVariance);
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

    public override void NormalizationForward(
        NormalizationProblem problem,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        Tensor y
    )
    {
        var plan = new NormalizationPlan(problem, TVector.Count);
        T* source = PointerOf(x),
            target = PointerOf(y);
        T slope = T.CreateTruncating(problem.Slope);
        T* tiles = CoefficientTiles(
            plan,
            ScalesAndShifts(plan, ReciprocalDeviations(problem, variance), ToDoubles(mean), ToDoubles(gamma), ToDoubles(beta))
        );
        threads.Run(
            plan.Chunks,
            (index, worker) =>
            {
                (int sample, long start, int count) = plan.Chunk(index);
                T* dropped = Dropped(problem.Dropout, source, start, count, chunkScratch[worker]);
                ScaleShiftActivate(
                    plan.Tile.Period,
                    dropped,
                    tiles + (2L * sample * plan.Tile.Period),
                    slope,
                    target + start,
                    count
                );
            }
        );
    }

    public override void NormalizationBackward(
        NormalizationProblem problem,
        bool throughStatistics,
        Tensor gy,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        Tensor? gx,
        Tensor? ggamma,
        Tensor? gbeta
    )
    {
        var plan = new NormalizationPlan(problem, TVector.Count);
        (int channels, int period) = (problem.Channels, plan.Tile.Period);
        T* source = PointerOf(x),
            gradient = PointerOf(gy);
        T slope = T.CreateTruncating(problem.Slope);
        double[] deviations = ReciprocalDeviations(problem, variance),
            means = ToDoubles(mean),
            gammas = ToDoubles(gamma);
        double[][] scalesAndShifts = ScalesAndShifts(plan, deviations, means, gammas, ToDoubles(beta));

        double* sums = chunkSums.Get<double>(2L * plan.Chunks * channels);
        T* forSums = CoefficientTiles(plan, [.. scalesAndShifts, plan.BySampleAndChannel((slot, _) => means[slot])]);
        threads.Run(
            plan.Chunks,
            (index, worker) =>
            {
                (int sample, long start, int count) = plan.Chunk(index);
                T* dropped = Dropped(problem.Dropout, source, start, count, chunkScratch[worker]);
                T* accumulators = chunkAccumulators[worker].Get<T>(2L * period);
                GradientSums(period, dropped, gradient + start, forSums + (3L * sample * period), accumulators, slope, count);
                plan.Tile.Fold(accumulators, sums + (2L * index * channels));
                plan.Tile.Fold(accumulators + period, sums + (((2L * index) + 1) * channels));
            }
        );
        (double[] slotGradients, double[] slotMoments) = CombineGradients(problem, plan, sums, deviations, gammas, ggamma, gbeta);
        if (gx is null)
            return;

        // gx = rstd (gamma g - (sum of gamma g + xhat * sum of gamma g xhat) / n), as factor * g + slant * d + offset.
        double Slant(int slot) =>
            throughStatistics
                ? -slotMoments[slot]
                    * deviations[slot]
                    * deviations[slot]
                    / problem.ElementsOfRow(slot / problem.StatisticsGroups)
                : 0;
        double Offset(int slot) =>
            throughStatistics
                ? -(slotGradients[slot] * deviations[slot] / problem.ElementsOfRow(slot / problem.StatisticsGroups))
                    - (Slant(slot) * means[slot])
                : 0;
        T* forGradient = CoefficientTiles(
            plan,
            [
                .. scalesAndShifts,
                plan.BySampleAndChannel((slot, affine) => gammas[affine] * deviations[slot]),
                plan.BySampleAndChannel((slot, _) => Slant(slot)),
                plan.BySampleAndChannel((slot, _) => Offset(slot)),
            ]
        );
        T* target = PointerOf(gx);
        threads.Run(
            plan.Chunks,
            (index, worker) =>
            {
                (int sample, long start, int count) = plan.Chunk(index);
                T* dropped = Dropped(problem.Dropout, source, start, count, chunkScratch[worker]);
                GradientOfInput(
                    period,
                    dropped,
                    gradient + start,
                    forGradient + (5L * sample * period),
                    slope,
                    target + start,
                    count
                );
                DropRange(problem.Dropout, start, target + start, target + start, count);
            }
        );
    }

    private static AlignedScratch[] PerWorker(CpuThreads threads) =>
        [.. Enumerable.Range(0, threads.Count).Select(_ => new AlignedScratch())];

    /// <summary>The chunk after dropout: in place where there is none.</summary>
    private static T* Dropped(DropoutMask mask, T* x, long start, int count, AlignedScratch scratch)
    {
        if (!mask.IsActive)
            return x + start;
        T* dropped = scratch.Get<T>(count);
        DropRange(mask, start, x + start, dropped, count);
        return dropped;
    }

    private static double[] ToDoubles(Tensor tensor)
    {
        var values = new double[tensor.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = double.CreateTruncating(PointerOf(tensor)[i]);
        return values;
    }

    private static double[] ReciprocalDeviations(NormalizationProblem problem, Tensor variance) =>
        Array.ConvertAll(ToDoubles(variance), v => 1 / Math.Sqrt(v + problem.Epsilon));

    /// <summary>gamma / deviation and beta - mean gamma / deviation, by sample and channel.</summary>
    private static double[][] ScalesAndShifts(
        NormalizationPlan plan,
        double[] deviations,
        double[] means,
        double[] gammas,
        double[] betas
    ) =>
        [
            plan.BySampleAndChannel((slot, affine) => gammas[affine] * deviations[slot]),
            plan.BySampleAndChannel((slot, affine) => betas[affine] - (means[slot] * gammas[affine] * deviations[slot])),
        ];

    /// <summary>Coefficients as chunks read them, (sample, coefficient, period); valid until the next call.</summary>
    private T* CoefficientTiles(NormalizationPlan plan, double[][] bySampleAndChannel)
    {
        T* tiles = coefficients.Get<T>((long)plan.Problem.Samples * bySampleAndChannel.Length * plan.Tile.Period),
            tile = tiles;
        for (int sample = 0; sample < plan.Problem.Samples; sample++)
        {
            foreach (double[] values in bySampleAndChannel)
            {
                plan.Tile.Fill(tile, values.AsSpan(sample * plan.Tile.Channels, plan.Tile.Channels));
                tile += plan.Tile.Period;
            }
        }

        return tiles;
    }

    /// <summary>
    /// Mean and sum of squared deviations of a chunk, by channel: two sweeps over cached data, exact however far the mean lies
    /// from zero.
    /// </summary>
    private static void ChunkMoments(ChannelTile tile, T* x, int count, T* scratch, double* moments)
    {
        T* accumulator = scratch,
            mean = scratch + tile.Period;
        int positions = count / tile.Channels;
        SumChunk(tile.Period, x, count, accumulator);
        tile.Fold(accumulator, moments);
        for (int channel = 0; channel < tile.Channels; channel++)
            moments[channel] /= positions;
        tile.Fill(mean, new ReadOnlySpan<double>(moments, tile.Channels));
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
    private static void CombineMoments(
        NormalizationProblem problem,
        NormalizationPlan plan,
        double* moments,
        T* mean,
        T* variance
    )
    {
        int channels = problem.Channels,
            slots = problem.StatisticsRows * problem.StatisticsGroups;
        double[] counts = new double[slots],
            means = new double[slots],
            squares = new double[slots];
        for (int index = 0; index < plan.Chunks; index++)
        {
            (int sample, _, int count) = plan.Chunk(index);
            double positions = (double)count / channels;
            double* chunk = moments + (2L * index * channels);
            for (int channel = 0; channel < channels; channel++)
            {
                int slot = plan.Slot(sample, channel);
                double total = counts[slot] + positions,
                    difference = chunk[channel] - means[slot];
                squares[slot] += chunk[channels + channel] + (difference * difference * counts[slot] * positions / total);
                means[slot] += difference * positions / total;
                counts[slot] = total;
            }
        }

        for (int slot = 0; slot < slots; slot++)
        {
            if (counts[slot] > 0)
                (mean[slot], variance[slot]) = (
                    T.CreateTruncating(means[slot]),
                    T.CreateTruncating(squares[slot] / counts[slot])
                );
        }
    }

    /// <summary>Chunk sums to ggamma, gbeta and the sums that the gradient through the statistics needs.</summary>
    private static (double[] Gradients, double[] Moments) CombineGradients(
        NormalizationProblem problem,
        NormalizationPlan plan,
        double* sums,
        double[] deviations,
        double[] gammas,
        Tensor? ggamma,
        Tensor? gbeta
    )
    {
        int channels = problem.Channels;
        double[] gammaSums = new double[problem.AffineShape.Count],
            betaSums = new double[gammaSums.Length];
        double[] slotGradients = new double[deviations.Length],
            slotMoments = new double[deviations.Length];
        for (int index = 0; index < plan.Chunks; index++)
        {
            int sample = plan.Chunk(index).Sample;
            double* chunk = sums + (2L * index * channels);
            for (int channel = 0; channel < channels; channel++)
            {
                (int slot, int affine) = (plan.Slot(sample, channel), plan.Affine(sample, channel));
                double gradient = chunk[channel],
                    moment = chunk[channels + channel] * deviations[slot];
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
}
