using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void NormalizationStatistics(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance)
    {
        T* source = PointerOf(x), means = PointerOf(mean), variances = PointerOf(variance);
        int groups = problem.StatisticsGroups;
        var d = new T[x.Count];
        fixed (T* dropped = d)
        {
            DropRange(problem.Dropout, 0, source, dropped, (int)x.Count);
            for (int pass = 0; pass < 2; pass++)
            {
                var sums = new double[problem.StatisticsRows * groups];
                for (long i = 0; i < x.Count; i++)
                {
                    int n = (int)(i / ((long)problem.Positions * problem.Channels)), c = (int)(i % problem.Channels);
                    int slot = (problem.RowOf(n) * groups) + problem.GroupOf(c);
                    double value = double.CreateTruncating(dropped[i]);
                    sums[slot] += pass == 0 ? value : (value - double.CreateTruncating(means[slot])) * (value - double.CreateTruncating(means[slot]));
                }

                for (int slot = 0; slot < sums.Length; slot++)
                {
                    long elements = problem.ElementsOfRow(slot / groups);
                    if (elements > 0)
                        (pass == 0 ? means : variances)[slot] = T.CreateTruncating(sums[slot] / elements);
                }
            }
        }
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
        T* source = PointerOf(x), target = PointerOf(y);
        T slope = T.CreateTruncating(problem.Slope);
        DropRange(problem.Dropout, 0, source, target, (int)x.Count);
        for (long i = 0; i < x.Count; i++)
        {
            (int n, int c) = ((int)(i / ((long)problem.Positions * problem.Channels)), (int)(i % problem.Channels));
            int slot = (problem.RowOf(n) * problem.StatisticsGroups) + problem.GroupOf(c), affine = (problem.Modality[n] * problem.Channels) + c;
            T rstd = T.One / T.Sqrt(PointerOf(variance)[slot] + T.CreateTruncating(problem.Epsilon));
            T a = (PointerOf(gamma)[affine] * (target[i] - PointerOf(mean)[slot]) * rstd) + PointerOf(beta)[affine];
            target[i] = a >= T.Zero ? a : a * slope;
        }
    }

    public override void NormalizationBackward(
        NormalizationProblem problem, bool throughStatistics, Tensor gy, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta,
        Tensor? gx, Tensor? ggamma, Tensor? gbeta)
    {
        int groups = problem.StatisticsGroups, channels = problem.Channels;
        var gradients = new double[x.Count];
        var hats = new double[x.Count];
        var slots = new int[x.Count];
        double[] gammaSums = new double[problem.AffineShape.Count], betaSums = new double[problem.AffineShape.Count];
        double[] plain = new double[problem.StatisticsShape.Count], moment = new double[problem.StatisticsShape.Count];
        var d = new T[x.Count];
        fixed (T* dropped = d)
            DropRange(problem.Dropout, 0, PointerOf(x), dropped, d.Length);
        for (long i = 0; i < x.Count; i++)
        {
            (int n, int c) = ((int)(i / ((long)problem.Positions * channels)), (int)(i % channels));
            int slot = (problem.RowOf(n) * groups) + problem.GroupOf(c), affine = (problem.Modality[n] * channels) + c;
            double scale = double.CreateTruncating(PointerOf(gamma)[affine]);
            double hat = double.CreateTruncating(d[i] - PointerOf(mean)[slot]) / Math.Sqrt(double.CreateTruncating(PointerOf(variance)[slot]) + problem.Epsilon);
            double a = (scale * hat) + double.CreateTruncating(PointerOf(beta)[affine]);
            double g = double.CreateTruncating(PointerOf(gy)[i]) * (a >= 0 ? 1 : problem.Slope);
            betaSums[affine] += g;
            gammaSums[affine] += g * hat;
            plain[slot] += g * scale;
            moment[slot] += g * scale * hat;
            (gradients[i], hats[i], slots[i]) = (g * scale, hat, slot);
        }

        for (int i = 0; i < gammaSums.Length; i++)
        {
            if (ggamma is not null)
                PointerOf(ggamma)[i] = T.CreateTruncating(gammaSums[i]);
            if (gbeta is not null)
                PointerOf(gbeta)[i] = T.CreateTruncating(betaSums[i]);
        }

        if (gx is null)
            return;
        for (long i = 0; i < x.Count; i++)
        {
            int slot = slots[i];
            double elements = problem.ElementsOfRow(slot / groups);
            double centred = throughStatistics ? gradients[i] - ((plain[slot] + (hats[i] * moment[slot])) / elements) : gradients[i];
            PointerOf(gx)[i] = T.CreateTruncating(centred / Math.Sqrt(double.CreateTruncating(PointerOf(variance)[slot]) + problem.Epsilon));
        }

        DropRange(problem.Dropout, 0, PointerOf(gx), PointerOf(gx), (int)gx.Count);
    }
}
