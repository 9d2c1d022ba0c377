using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>The formulas of <see cref="NormalizationProblem"/>, element by element in float64.</summary>
internal sealed class NormalizationReference
{
    private readonly NormalizationProblem problem;
    private readonly double[] dropped;
    private readonly double[] gamma;
    private readonly double[] beta;

    public NormalizationReference(NormalizationProblem problem, double[] x, double[] gamma, double[] beta, double absentStatistic)
    {
        (this.problem, this.gamma, this.beta) = (problem, gamma, beta);
        dropped = Reference.Dropout(x, problem.Dropout);
        Mean = Average(dropped, absentStatistic);
        Variance = Average([.. dropped.Select((v, i) => Math.Pow(v - Mean[Slot(i)], 2))], absentStatistic);
    }

    public double[] Mean { get; }

    public double[] Variance { get; }

    public double[] Forward() =>
        [.. dropped.Select((_, i) => Activation(i) >= 0 ? Activation(i) : problem.Slope * Activation(i))];

    public (double[] Gx, double[] Ggamma, double[] Gbeta) Backward(double[] gy, bool throughStatistics)
    {
        double[] g = [.. gy.Select((v, i) => v * (Activation(i) >= 0 ? 1 : problem.Slope))];
        double[] scaled = [.. g.Select((v, i) => v * gamma[Affine(i)])];
        var ggamma = new double[gamma.Length];
        var gbeta = new double[gamma.Length];
        for (int i = 0; i < g.Length; i++)
        {
            ggamma[Affine(i)] += g[i] * Hat(i);
            gbeta[Affine(i)] += g[i];
        }

        double[] plain = Average(scaled, 0),
            withHat = Average([.. scaled.Select((v, i) => v * Hat(i))], 0);
        IEnumerable<double> gx = scaled.Select(
            (v, i) =>
                (throughStatistics ? v - plain[Slot(i)] - (Hat(i) * withHat[Slot(i)]) : v)
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
            sums[Slot(i)] += values[i];
            counts[Slot(i)]++;
        }

        return [.. sums.Select((s, i) => counts[i] == 0 ? absent : s / counts[i])];
    }

    private double Deviation(int i) => Math.Sqrt(Variance[Slot(i)] + problem.Epsilon);

    private double Hat(int i) => (dropped[i] - Mean[Slot(i)]) / Deviation(i);

    private double Activation(int i) => (gamma[Affine(i)] * Hat(i)) + beta[Affine(i)];

    private int Sample(int i) => i / problem.Positions / problem.Channels;

    private int Affine(int i) => (problem.Modality[Sample(i)] * problem.Channels) + (i % problem.Channels);

    private int Slot(int i) => (problem.RowOf(Sample(i)) * problem.StatisticsGroups) + problem.GroupOf(i % problem.Channels);
}
