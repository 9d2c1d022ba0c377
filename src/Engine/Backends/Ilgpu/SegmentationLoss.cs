using ILGPU;
using ILGPU.Algorithms;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Ilgpu;

internal partial class TypedIlgpuBackend<T, TElement>
{
    private const int LossChunk = 512;

    public override void SegmentationLossSums(SegmentationLossProblem problem, Tensor logits, Tensor labels, Tensor sums)
    {
        LossArguments p = Arguments(problem, logits, labels);
        using Tensor partial = Scratch((long)problem.Samples * p.Chunks * problem.SumsShape[1]);
        (p.Partial, p.Sums) = (partial.View<double>(), sums.View<double>());
        launcher.Launch(LossSumsKernel, (long)problem.Samples * p.Chunks, p);
        launcher.Launch(CombineLossSumsKernel, sums.Count, p);
    }

    public override void SegmentationLossGradient(
        SegmentationLossProblem problem,
        Tensor logits,
        Tensor labels,
        Tensor coefficients,
        Tensor gz
    )
    {
        LossArguments p = Arguments(problem, logits, labels);
        (p.Coefficients, p.Gradient) = (coefficients.View<double>(), gz.View<T>());
        launcher.Launch(LossGradientKernel, labels.Count, p);
    }

    private LossArguments Arguments(SegmentationLossProblem problem, Tensor logits, Tensor labels) =>
        new()
        {
            Logits = logits.View<T>(),
            Labels = labels.View<byte>(),
            Modality = OnDevice(problem.Modality).View<int>(),
            Samples = problem.Samples,
            Classes = problem.Classes,
            Positions = problem.Positions,
            Chunks = (problem.Positions + LossChunk - 1) / LossChunk,
            Floor = problem.ProbabilityFloor,
        };

    /// <summary>One item per chunk of a sample's positions.</summary>
    private static void LossSumsKernel(LossArguments p)
    {
        int width = (4 * p.Classes) + (p.Classes * p.Classes);
        double ceiling = p.Floor > 0 ? -XMath.Log(p.Floor) : double.MaxValue;
        for (long chunk = Items.First; chunk < p.Samples * p.Chunks; chunk += Items.Stride)
        {
            long sums = chunk * width,
                from = chunk % p.Chunks * LossChunk,
                to = XMath.Min(from + LossChunk, p.Positions);
            for (int i = 0; i < width; i++)
                p.Partial[sums + i] = 0;
            for (
                long position = (chunk / p.Chunks * p.Positions) + from;
                position < (chunk / p.Chunks * p.Positions) + to;
                position++
            )
            {
                int truth = p.Labels[position];
                double greatest = p.Greatest(position),
                    sum = p.SumOfExponentials(position, greatest);
                for (int k = 0; k < p.Classes; k++)
                {
                    double probability = XMath.Exp(p.Logit(position, k) - greatest) / sum;
                    p.Partial[sums + p.Classes + k] += probability * probability;
                    if (truth >= p.Classes)
                        continue;
                    p.Partial[sums + ((4 + truth) * p.Classes) + k] += p.Logit(position, k);
                    if (k != truth)
                        continue;
                    p.Partial[sums + k] += probability;
                    p.Partial[sums + (2 * p.Classes) + k] += 1;
                    p.Partial[sums + (3 * p.Classes) + k] += XMath.Min(greatest - p.Logit(position, k) + XMath.Log(sum), ceiling);
                }
            }
        }
    }

    private static void CombineLossSumsKernel(LossArguments p)
    {
        int width = (4 * p.Classes) + (p.Classes * p.Classes);
        for (long i = Items.First; i < p.Sums.Length; i += Items.Stride)
        {
            double sum = 0;
            for (int sample = 0; sample < p.Samples; sample++)
            {
                if (p.Modality[sample] != i / width)
                    continue;
                for (long chunk = 0; chunk < p.Chunks; chunk++)
                    sum += p.Partial[(((sample * p.Chunks) + chunk) * width) + (i % width)];
            }

            p.Sums[i] = sum;
        }
    }

    /// <summary>One item per position; the cross-entropy's 1 / p is multiplied out, so that p = 0 does no harm.</summary>
    private static void LossGradientKernel(LossArguments p)
    {
        int width = (3 * p.Classes) + (p.Classes * p.Classes);
        for (long position = Items.First; position < p.Labels.Length; position += Items.Stride)
        {
            long c = (long)p.Modality[position / p.Positions] * width;
            int truth = p.Labels[position];
            double greatest = p.Greatest(position),
                sum = p.SumOfExponentials(position, greatest),
                mean = 0,
                dice = 0,
                entropy = 0;
            for (int k = 0; k < p.Classes; k++)
            {
                double probability = XMath.Exp(p.Logit(position, k) - greatest) / sum;
                mean += p.Coefficients[c + p.Classes + k] * probability * probability;
                if (k != truth)
                    continue;
                dice = p.Coefficients[c + k] * probability;
                entropy = p.Floor == 0 || probability > p.Floor ? p.Coefficients[c + (2 * p.Classes) + k] : 0;
            }

            mean += dice;
            for (int k = 0; k < p.Classes; k++)
            {
                double probability = XMath.Exp(p.Logit(position, k) - greatest) / sum;
                double gradient = probability * ((p.Coefficients[c + p.Classes + k] * probability) - mean - entropy);
                if (k == truth)
                    gradient += dice + entropy;
                if (truth < p.Classes)
                    gradient += p.Coefficients[c + ((3 + truth) * p.Classes) + k];
                p.Gradient[(position * p.Classes) + k] = TElement.Store(gradient);
            }
        }
    }

    internal struct LossArguments
    {
        public ArrayView<T> Logits,
            Gradient;
        public ArrayView<byte> Labels;
        public ArrayView<int> Modality;
        public ArrayView<double> Partial,
            Sums,
            Coefficients;
        public int Samples,
            Classes;
        public long Positions,
            Chunks;
        public double Floor;

        public readonly double Logit(long position, int k) => TElement.Load(Logits[(position * Classes) + k]);

        public readonly double Greatest(long position)
        {
            double greatest = Logit(position, 0);
            for (int k = 1; k < Classes; k++)
                greatest = XMath.Max(greatest, Logit(position, k));
            return greatest;
        }

        public readonly double SumOfExponentials(long position, double greatest)
        {
            double sum = 0;
            for (int k = 0; k < Classes; k++)
                sum += XMath.Exp(Logit(position, k) - greatest);
            return sum;
        }
    }
}
