using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>The formulas of <see cref="NormalizationProblem"/>, element by element in float64.</summary>
internal sealed class NormalizationReference
{
    private readonly NormalizationProblem problem;
    private readonly double[] gamma,
        dropped,
        hat,
        activation;
    private readonly int[] slot,
        affine;

    public NormalizationReference(NormalizationProblem problem, double[] x, double[] gamma, double[] beta, double absentStatistic)
    {
        (this.problem, this.gamma) = (problem, gamma);
        (slot, affine) = (new int[x.Length], new int[x.Length]);
        for (int i = 0; i < x.Length; i++)
        {
            int sample = i / problem.Positions / problem.Channels,
                channel = i % problem.Channels;
            slot[i] = (problem.RowOf(sample) * problem.StatisticsGroups) + problem.GroupOf(channel);
            affine[i] = (problem.Modality[sample] * problem.Channels) + channel;
        }

        dropped = Reference.Dropout(x, problem.Dropout);
        Mean = Average(dropped, absentStatistic);
        Variance = Average([.. dropped.Select((v, i) => Math.Pow(v - Mean[slot[i]], 2))], absentStatistic);
        hat = [.. dropped.Select((v, i) => (v - Mean[slot[i]]) / Deviation(i))];
        activation = gamma.Length == 0 ? [] : [.. hat.Select((v, i) => (gamma[affine[i]] * v) + beta[affine[i]])];
    }

    public double[] Mean { get; }

    public double[] Variance { get; }

    public double[] Forward() => [.. activation.Select(v => v >= 0 ? v : problem.Slope * v)];

    public (double[] Gx, double[] Ggamma, double[] Gbeta) Backward(double[] gy, bool throughStatistics)
    {
        double[] g = [.. gy.Select((v, i) => v * (activation[i] >= 0 ? 1 : problem.Slope))];
        double[] scaled = [.. g.Select((v, i) => v * gamma[affine[i]])];
        var ggamma = new double[gamma.Length];
        var gbeta = new double[gamma.Length];
        for (int i = 0; i < g.Length; i++)
        {
            ggamma[affine[i]] += g[i] * hat[i];
            gbeta[affine[i]] += g[i];
        }

        double[] plain = Average(scaled, 0),
            withHat = Average([.. scaled.Select((v, i) => v * hat[i])], 0);
        IEnumerable<double> gx = scaled.Select(
            (v, i) =>
                (throughStatistics ? v - plain[slot[i]] - (hat[i] * withHat[slot[i]]) : v)
                / Deviation(i)
                * Reference.Factor(problem.Dropout, i)
        );
        return ([.. gx], ggamma, gbeta);
    }

    private double[] Average(double[] values, double absent)
    {
        var sums = new double[problem.StatisticsShape.Count];
        var counts = new int[sums.Length];
        for (int i = 0; i < values.Length; i++)
        {
            sums[slot[i]] += values[i];
            counts[slot[i]]++;
        }

        return [.. sums.Select((s, i) => counts[i] == 0 ? absent : s / counts[i])];
    }

    private double Deviation(int i) => Math.Sqrt(Variance[slot[i]] + problem.Epsilon);
}
