using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void SegmentationLossSums(SegmentationLossProblem problem, Tensor logits, Tensor labels, Tensor sums)
    {
        T* z = PointerOf(logits);
        byte* label = labels.HostPointer<byte>();
        double* totals = sums.HostPointer<double>();
        int classes = problem.Classes, width = problem.SumsShape[1];
        new Span<double>(totals, (int)sums.Count).Clear();
        T* p = stackalloc T[classes];
        for (int n = 0; n < problem.Samples; n++)
        {
            double* s = totals + (problem.Modality[n] * width);
            for (int i = 0; i < problem.Positions; i++)
            {
                long position = ((long)n * problem.Positions) + i;
                T* row = z + (position * classes);
                SoftmaxRow(row, p, classes);
                for (int c = 0; c < classes; c++)
                    s[classes + c] += double.CreateTruncating(p[c] * p[c]);
                int truth = label[position];
                if (truth >= classes)
                    continue;
                s[truth] += double.CreateTruncating(p[truth]);
                s[(2 * classes) + truth]++;
                s[(3 * classes) + truth] += Math.Min(-LogProbability(row, truth, classes), -Math.Log(problem.ProbabilityFloor));
                for (int k = 0; k < classes; k++)
                    s[((4 + truth) * classes) + k] += double.CreateTruncating(row[k]);
            }
        }
    }

    public override void SegmentationLossGradient(SegmentationLossProblem problem, Tensor logits, Tensor labels, Tensor coefficients, Tensor gz)
    {
        T* z = PointerOf(logits), target = PointerOf(gz);
        byte* label = labels.HostPointer<byte>();
        double* all = coefficients.HostPointer<double>();
        int classes = problem.Classes, width = problem.CoefficientsShape[1];
        T* p = stackalloc T[classes];
        T* dp = stackalloc T[classes];
        for (int n = 0; n < problem.Samples; n++)
        {
            double* coefficient = all + (problem.Modality[n] * width);
            for (int i = 0; i < problem.Positions; i++)
            {
                long position = ((long)n * problem.Positions) + i;
                int truth = label[position];
                SoftmaxRow(z + (position * classes), p, classes);
                T mean = T.Zero;
                for (int c = 0; c < classes; c++)
                {
                    dp[c] = T.CreateTruncating(coefficient[classes + c]) * p[c];
                    if (c == truth)
                        dp[c] += T.CreateTruncating(coefficient[c]);
                    mean += dp[c] * p[c];
                }

                // The cross-entropy's share of dp is 1/p times a coefficient: multiplied out, so that p = 0 does no harm.
                double entropy = truth < classes && double.CreateTruncating(p[truth]) > problem.ProbabilityFloor ? coefficient[(2 * classes) + truth] : 0;
                for (int c = 0; c < classes; c++)
                {
                    T g = p[c] * (dp[c] - mean);
                    g += T.CreateTruncating(entropy) * ((c == truth ? T.One : T.Zero) - p[c]);
                    if (truth < classes)
                        g += T.CreateTruncating(coefficient[((3 + truth) * classes) + c]);
                    target[(position * classes) + c] = g;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double LogProbability(T* z, int truth, int classes)
    {
        double greatest = double.CreateTruncating(z[0]);
        for (int c = 1; c < classes; c++)
            greatest = Math.Max(greatest, double.CreateTruncating(z[c]));
        double sum = 0;
        for (int c = 0; c < classes; c++)
            sum += Math.Exp(double.CreateTruncating(z[c]) - greatest);
        return double.CreateTruncating(z[truth]) - greatest - Math.Log(sum);
    }
}
