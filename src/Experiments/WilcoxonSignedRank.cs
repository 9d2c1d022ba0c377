namespace UnpairedSegEngine.Experiments;

/// <summary>
/// The two-sided signed-rank test of paired differences against a median of zero (Wilcoxon 1945): zeros are left out, ties share
/// mean ranks, and the distribution of the
/// rank sum under all changes of sign is exact up to <see cref="MostExact"/> pairs, normal beyond.
/// </summary>
public static class WilcoxonSignedRank
{
    /// <summary>Most pairs whose distribution is counted out.</summary>
    public const int MostExact = 100;

    /// <summary>The probability of differences at least as one-sided; null where none differs from zero.</summary>
    public static double? PValue(IReadOnlyCollection<double> differences)
    {
        double[] sorted = [.. differences.Where(d => d != 0).OrderBy(Math.Abs)];
        if (sorted.Length == 0)
            return null;
        int[] doubledRanks = DoubledRanks(sorted);
        int positive = sorted.Zip(doubledRanks).Where(pair => pair.First > 0).Sum(pair => pair.Second);
        int least = Math.Min(positive, doubledRanks.Sum() - positive);
        return Math.Min(1, 2 * (sorted.Length <= MostExact ? ExactTail(doubledRanks, least) : NormalTail(doubledRanks, least)));
    }

    /// <summary>Twice the ranks, so that the mean ranks of ties are whole.</summary>
    private static int[] DoubledRanks(double[] sorted)
    {
        var ranks = new int[sorted.Length];
        for (int first = 0, next; first < sorted.Length; first = next)
        {
            next = first + 1;
            while (next < sorted.Length && Math.Abs(sorted[next]) == Math.Abs(sorted[first]))
                next++;
            ranks.AsSpan(first, next - first).Fill(first + 1 + next);
        }

        return ranks;
    }

    /// <summary>P(sum of the positive ranks is at most <paramref name="least"/>) when each sign is a coin's.</summary>
    private static double ExactTail(int[] ranks, int least)
    {
        var probability = new double[ranks.Sum() + 1];
        probability[0] = 1;
        int highest = 0;
        foreach (int rank in ranks)
        {
            highest += rank;
            for (int sum = highest; sum >= 0; sum--)
                probability[sum] = 0.5 * (probability[sum] + (sum >= rank ? probability[sum - rank] : 0));
        }

        return probability.Take(least + 1).Sum();
    }

    private static double NormalTail(int[] ranks, int least)
    {
        double mean = ranks.Sum() / 2.0,
            deviation = Math.Sqrt(ranks.Sum(rank => (double)rank * rank)) / 2;
        return NormalDistribution.Cumulative((least - mean) / deviation);
    }
}
