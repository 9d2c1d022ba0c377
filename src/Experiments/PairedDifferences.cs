using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Experiments;

/// <summary>
/// A score of one variant minus that of another, by seed and case: runs differ by their seeds and cases by what is on them, and
/// what is to hold for other seeds and other cases has to stand out from both.
/// </summary>
internal sealed class PairedDifferences
{
    /// <summary>Draws of the bootstrap.</summary>
    public const int Draws = 10_000;

    /// <summary>The share of intervals that hold the true difference, were all assumptions right.</summary>
    public const double Confidence = 0.95;

    private const double Power = 0.8;
    private const int MostSeeds = 10_000;
    private const ulong BootstrapSeed = 1;

    private readonly double?[][] differences;

    /// <param name="bySeed">Per seed, the difference of each case by its name; cases that a seed lacks are left out
    /// there.</param>
    public PairedDifferences(IReadOnlyList<IReadOnlyDictionary<string, double>> bySeed)
    {
        Cases = [.. bySeed.SelectMany(cases => cases.Keys).Distinct().Order(StringComparer.Ordinal)];
        differences =
        [
            .. bySeed
                .Where(cases => cases.Count > 0)
                .Select(cases => Cases.Select(id => cases.TryGetValue(id, out double value) ? value : (double?)null).ToArray()),
        ];
        OfSeeds = [.. differences.Select(seed => seed.OfType<double>().Average())];
        OfCases = [.. Cases.Select((_, c) => differences.Select(seed => seed[c]).OfType<double>().Average())];
    }

    public IReadOnlyList<string> Cases { get; }

    /// <summary>The mean over the cases of each seed.</summary>
    public IReadOnlyList<double> OfSeeds { get; }

    /// <summary>The mean over the seeds of each case.</summary>
    public IReadOnlyList<double> OfCases { get; }

    /// <summary>Over all seeds and cases; null where there are none.</summary>
    public double? Mean => differences.Length == 0 ? null : differences.SelectMany(seed => seed).OfType<double>().Average();

    /// <summary>Between the means of the seeds (n - 1 in the denominator); null of fewer than two.</summary>
    public double? DeviationOfSeeds
    {
        get
        {
            if (OfSeeds.Count < 2)
                return null;
            double mean = OfSeeds.Average();
            return Math.Sqrt(OfSeeds.Sum(seed => (seed - mean) * (seed - mean)) / (OfSeeds.Count - 1));
        }
    }

    /// <summary>
    /// The bootstrap interval of the mean: seeds and cases are both drawn anew, with replacement (the pigeonhole bootstrap: Owen
    /// 2007, Annals of Applied Statistics 1(2), 386-411). Its quantiles lie as much further out as Student's t of so few seeds,
    /// or cases, asks for (the expanded percentile interval: Hesterberg 2015, The American Statistician 69(4), 371-386). The same
    /// differences give the same interval. Null of fewer than two seeds.
    /// </summary>
    public (double Low, double High)? Interval()
    {
        int seeds = differences.Length,
            cases = Cases.Count;
        if (seeds < 2)
            return null;
        double[] means = [.. Enumerable.Range(0, Draws).Select(Drawn).OfType<double>().Order()];

        // Of one case nothing can be drawn but that case: the interval is then over seeds alone.
        int units = cases == 1 ? seeds : Math.Min(seeds, cases);
        double share = NormalDistribution.Cumulative(
            -StudentT.Quantile((1 + Confidence) / 2, units - 1) * Math.Sqrt(units / (units - 1.0))
        );
        int outside = (int)(share * means.Length);
        return (means[outside], means[^(1 + outside)]);
    }

    /// <summary>
    /// How many seeds find a true mean difference, in two-sided t tests at 5 %, with a probability of 80 %: the least n of at
    /// least ((t(0.975, n - 1) + t(0.8, n - 1)) deviation / gain)^2. As sure as the deviation is, which is that of these seeds.
    /// Null of fewer than two, and where it is more than 10,000.
    /// </summary>
    /// <param name="gain">The difference; above 0.</param>
    public int? SeedsFor(double gain)
    {
        if (DeviationOfSeeds is not { } deviation)
            return null;
        double ratio = deviation / gain;
        for (int n = Math.Max(2, (int)Math.Min(7.8 * ratio * ratio, MostSeeds)); n <= MostSeeds; n++)
        {
            double quantiles = StudentT.Quantile((1 + Confidence) / 2, n - 1) + StudentT.Quantile(Power, n - 1);
            if (n >= quantiles * quantiles * ratio * ratio)
                return n;
        }

        return null;
    }

    /// <summary>The mean of one draw; null where it took only what is missing.</summary>
    private double? Drawn(int draw)
    {
        var stream = new PhiloxStream(BootstrapSeed, (uint)draw, 0, 0);
        int[] timesOfSeed = Times(differences.Length, ref stream),
            timesOfCase = Times(Cases.Count, ref stream);
        (double sum, double weights) = (0, 0);
        for (int seed = 0; seed < differences.Length; seed++)
        {
            for (int c = 0; c < Cases.Count && timesOfSeed[seed] > 0; c++)
            {
                if (differences[seed][c] is not { } difference)
                    continue;
                double weight = timesOfSeed[seed] * timesOfCase[c];
                sum += weight * difference;
                weights += weight;
            }
        }

        return weights > 0 ? sum / weights : null;
    }

    private static int[] Times(int count, ref PhiloxStream stream)
    {
        var times = new int[count];
        for (int i = 0; i < count; i++)
            times[stream.NextIndex(count)]++;
        return times;
    }
}
