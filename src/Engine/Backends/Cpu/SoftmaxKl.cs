using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

/// <remarks>
/// Chunks of positions are turned planar, as in the segmentation loss. Sums per chunk are in float64 and added in the order of
/// the chunks.
/// </remarks>
internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    /// <summary>Planes (classes, chunk) of log-probabilities of both for a chunk of positions.</summary>
    private delegate void DistillationBody(int chunk, long first, int count, T* teacher, T* student);

    public override void SoftmaxKlSum(Tensor teacher, Tensor student, double temperature, Tensor sum)
    {
        int classes = student.Shape[^1];
        var chunks = (int)(((student.Count / classes) + LossChunk - 1) / LossChunk);
        double* partials = chunkSums.Get<double>(chunks);
        ForDistillationChunks(
            teacher,
            student,
            temperature,
            (chunk, _, count, t, s) => partials[chunk] = SumOfDivergences(t, s, count, classes)
        );
        double total = 0;
        for (int chunk = 0; chunk < chunks; chunk++)
            total += partials[chunk];
        PointerOf(sum)[0] = T.CreateTruncating(total);
    }

    public override void SoftmaxKlGradient(Tensor teacher, Tensor student, double temperature, Tensor scale, Tensor gs)
    {
        int classes = student.Shape[^1];
        T* target = PointerOf(gs);
        TVector factor = TVector.Broadcast(PointerOf(scale)[0] / T.CreateTruncating(temperature));
        ForDistillationChunks(
            teacher,
            student,
            temperature,
            (_, first, count, t, s) =>
            {
                DifferencesOfProbabilities(factor, t, s, count, classes);
                Transposition.Run(s, classes, count, LossChunk, target + (first * classes), classes);
            }
        );
    }

    private void ForDistillationChunks(Tensor teacher, Tensor student, double temperature, DistillationBody body)
    {
        T* t = PointerOf(teacher),
            s = PointerOf(student);
        int classes = student.Shape[^1];
        long positions = student.Count / classes,
            plane = (long)classes * LossChunk;
        TVector sharpness = Broadcast(1 / temperature);
        ForRanges(
            (positions + LossChunk - 1) / LossChunk,
            Math.Max(128 / classes, 1),
            (from, to, worker) =>
            {
                T* planes = chunkScratch[worker].Get<T>(2 * plane);
                for (var chunk = (int)from; chunk < to; chunk++)
                {
                    long first = (long)chunk * LossChunk;
                    int count = (int)Math.Min(LossChunk, positions - first);
                    LogProbabilities(t + (first * classes), count, classes, sharpness, planes);
                    LogProbabilities(s + (first * classes), count, classes, sharpness, planes + plane);
                    body(chunk, first, count, planes, planes + plane);
                }
            }
        );
    }

    /// <summary>Rows of logits to planes of log softmax(sharpness z); lanes beyond the last position hold equal logits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LogProbabilities(T* z, int count, int classes, TVector sharpness, T* planes)
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
                greatest = TVector.WhereNotLess(greatest, value, greatest, value);
            }

            TVector sum = default;
            for (int c = 0; c < classes; c++)
            {
                TVector below = (TVector.Load(planes + (c * LossChunk) + i) - greatest) * sharpness;
                TVector.Store(below, planes + (c * LossChunk) + i);
                sum += TVector.Exp(below);
            }

            TVector logSum = TVector.Log(sum);
            for (int c = 0; c < classes; c++)
                TVector.Store(TVector.Load(planes + (c * LossChunk) + i) - logSum, planes + (c * LossChunk) + i);
        }
    }

    /// <summary>The sum over positions and classes of p (log p - log q).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumOfDivergences(T* logP, T* logQ, int count, int classes)
    {
        TVector sum = default;
        for (int i = 0; i < count; i += TVector.Count)
        {
            TVector divergence = default;
            for (int c = 0; c < classes; c++)
            {
                TVector p = TVector.Load(logP + (c * LossChunk) + i);
                divergence = TVector.MultiplyAdd(TVector.Exp(p), p - TVector.Load(logQ + (c * LossChunk) + i), divergence);
            }

            sum += divergence;
        }

        double total = 0;
        for (int lane = 0; lane < TVector.Count; lane++)
            total += double.CreateTruncating(((T*)&sum)[lane]);
        return total;
    }

    /// <summary>logQ becomes factor (q - p).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DifferencesOfProbabilities(TVector factor, T* logP, T* logQ, int count, int classes)
    {
        for (int c = 0; c < classes; c++)
        {
            for (int i = c * LossChunk; i < (c * LossChunk) + count; i += TVector.Count)
                TVector.Store(factor * (TVector.Exp(TVector.Load(logQ + i)) - TVector.Exp(TVector.Load(logP + i))), logQ + i);
        }
    }
}
