using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

/// <remarks>
/// Chunks of one sample's positions are turned planar, so that softmax runs over vectors of positions however few classes there
/// are.
/// Sums per chunk are in float64 and added in the order of the chunks.
/// </remarks>
internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    private const int LossChunk = 512;

    private delegate void LossBody(int index, int sample, long first, int count, T* planes, int worker);

    public override void SegmentationLossSums(SegmentationLossProblem problem, Tensor logits, Tensor labels, Tensor sums)
    {
        T* z = PointerOf(logits);
        byte* label = labels.HostPointer<byte>();
        int classes = problem.Classes,
            width = problem.SumsShape[1];
        double ceiling = -Math.Log(problem.ProbabilityFloor);
        double* partials = chunkSums.Get<double>((long)LossChunks(problem) * width);
        ForLossChunks(
            problem,
            (index, _, first, count, planes, _) =>
            {
                double* s = partials + ((long)index * width);
                new Span<double>(s, width).Clear();
                Softmax(z + (first * classes), count, classes, planes);
                T* greatest = planes + (classes * LossChunk),
                    logSum = greatest + LossChunk;
                AddSquares(planes, count, classes, s + classes);
                for (int i = 0; i < count; i++)
                {
                    int truth = label[first + i];
                    if (truth >= classes)
                        continue;
                    T* row = z + ((first + i) * classes);
                    s[truth] += double.CreateTruncating(planes[(truth * LossChunk) + i]);
                    s[(2 * classes) + truth]++;
                    s[(3 * classes) + truth] += Math.Min(
                        double.CreateTruncating(greatest[i] - row[truth]) + double.CreateTruncating(logSum[i]),
                        ceiling
                    );
                    for (int k = 0; k < classes; k++)
                        s[((4 + truth) * classes) + k] += double.CreateTruncating(row[k]);
                }
            }
        );

        double* totals = sums.HostPointer<double>();
        new Span<double>(totals, (int)sums.Count).Clear();
        int chunksPerSample = LossChunks(problem) / problem.Samples;
        for (int index = 0; index < LossChunks(problem); index++)
        {
            double* total = totals + (problem.Modality[index / chunksPerSample] * width);
            for (int i = 0; i < width; i++)
                total[i] += partials[((long)index * width) + i];
        }
    }

    public override void SegmentationLossGradient(
        SegmentationLossProblem problem,
        Tensor logits,
        Tensor labels,
        Tensor coefficients,
        Tensor gz
    )
    {
        T* z = PointerOf(logits),
            target = PointerOf(gz);
        byte* label = labels.HostPointer<byte>();
        double* all = coefficients.HostPointer<double>();
        int classes = problem.Classes,
            width = problem.CoefficientsShape[1];
        T floor = T.CreateTruncating(problem.ProbabilityFloor);
        ForLossChunks(
            problem,
            (_, sample, first, count, planes, _) =>
            {
                Softmax(z + (first * classes), count, classes, planes);
                T* c = planes + ((classes + 2) * LossChunk);
                for (int i = 0; i < width; i++)
                    c[i] = T.CreateTruncating(all[(problem.Modality[sample] * width) + i]);
                for (int i = 0; i < count; i++)
                    GradientOfPosition(planes + i, c, classes, label[first + i], floor, target + ((first + i) * classes));
            }
        );
    }

    private static int LossChunks(SegmentationLossProblem problem) =>
        problem.Samples * ((problem.Positions + LossChunk - 1) / LossChunk);

    /// <summary>Calls the body for each chunk with room for classes + 2 planes and the coefficients of a modality.</summary>
    private void ForLossChunks(SegmentationLossProblem problem, LossBody body)
    {
        int perSample = (problem.Positions + LossChunk - 1) / LossChunk;
        long scratch = ((problem.Classes + 2L) * LossChunk) + problem.CoefficientsShape[1];
        ForRanges(
            LossChunks(problem),
            4,
            (from, to, worker) =>
            {
                for (int index = (int)from; index < to; index++)
                {
                    int position = index % perSample * LossChunk;
                    int sample = index / perSample;
                    body(
                        index,
                        sample,
                        ((long)sample * problem.Positions) + position,
                        Math.Min(LossChunk, problem.Positions - position),
                        chunkScratch[worker].Get<T>(scratch),
                        worker
                    );
                }
            }
        );
    }

    /// <summary>
    /// Rows of logits to planes of probabilities and, behind them, of the greatest logit and of log(sum of exp(z - greatest)):
    /// apart, since their sum
    /// would round away what a sure prediction still loses.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax(T* z, int count, int classes, T* planes)
    {
        if (count % TVector.Count != 0)
            new Span<T>(planes, classes * LossChunk).Clear();
        Transposition.Run(z, count, classes, classes, planes, LossChunk);
        for (int i = 0; i < count; i += TVector.Count)
        {
            TVector greatest = TVector.Load(planes + i);
            for (int c = 1; c < classes; c++)
            {
                TVector value = TVector.Load(planes + (c * LossChunk) + i);
                greatest = TVector.WhereGreater(value, greatest, value, greatest);
            }

            TVector sum = TVector.Broadcast(T.Zero);
            for (int c = 0; c < classes; c++)
            {
                TVector exponential = TVector.Exp(TVector.Load(planes + (c * LossChunk) + i) - greatest);
                TVector.Store(exponential, planes + (c * LossChunk) + i);
                sum += exponential;
            }

            TVector.Store(greatest, planes + (classes * LossChunk) + i);
            TVector.Store(TVector.Log(sum), planes + ((classes + 1) * LossChunk) + i);
            for (int c = 0; c < classes; c++)
                TVector.Store(TVector.Load(planes + (c * LossChunk) + i) / sum, planes + (c * LossChunk) + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddSquares(T* planes, int count, int classes, double* sums)
    {
        T* lanes = stackalloc T[TVector.Count];
        for (int c = 0; c < classes; c++)
        {
            T* plane = planes + (c * LossChunk);
            TVector sum = TVector.Broadcast(T.Zero);
            int i = 0;
            for (; i + TVector.Count <= count; i += TVector.Count)
                sum = TVector.MultiplyAdd(TVector.Load(plane + i), TVector.Load(plane + i), sum);
            TVector.Store(sum, lanes);
            for (int lane = 0; lane < TVector.Count; lane++)
                sums[c] += double.CreateTruncating(lanes[lane]);
            for (; i < count; i++)
                sums[c] += double.CreateTruncating(plane[i] * plane[i]);
        }
    }

    /// <summary>
    /// The contract's formula for one position; the cross-entropy's 1/p is multiplied out, so that p = 0 does no harm.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GradientOfPosition(T* p, T* coefficients, int classes, int truth, T floor, T* gz)
    {
        T* diceSquare = coefficients + classes;
        bool labelled = truth < classes;
        T mean = T.Zero;
        for (int c = 0; c < classes; c++)
        {
            T probability = p[c * LossChunk];
            mean += diceSquare[c] * probability * probability;
        }

        T entropy = T.Zero,
            dice = T.Zero;
        if (labelled)
        {
            T probability = p[truth * LossChunk];
            dice = coefficients[truth] * probability;
            mean += dice;
            if (floor == T.Zero || probability > floor)
                entropy = coefficients[(2 * classes) + truth];
        }

        for (int c = 0; c < classes; c++)
        {
            T probability = p[c * LossChunk];
            gz[c] = probability * ((diceSquare[c] * probability) - mean - entropy);
        }

        if (!labelled)
            return;
        gz[truth] += dice + entropy;
        T* table = coefficients + ((3 + truth) * classes);
        for (int c = 0; c < classes; c++)
            gz[c] += table[c];
    }
}
