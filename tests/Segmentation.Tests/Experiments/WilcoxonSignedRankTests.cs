using UnpairedSegEngine.Experiments;

namespace UnpairedSegEngine.Segmentation.Tests.Experiments;

internal sealed class WilcoxonSignedRankTests
{
    /// <summary>Against scipy.stats.wilcoxon(d, mode="exact"), 1.10.1.</summary>
    [TestCase(0.03125, 1.0, 2, 3, 4, 5, 6)]
    [TestCase(0.0625, 1.0, 2, 3, 4, 5)]
    [TestCase(0.130859375, 0.5, 1.5, -0.7, 2.5, 3.1, 0.2, 1.1, -1.9, 0.9, 0.3)]
    [TestCase(1.0, 1.0, -2, -3, 4)]
    public void Is_that_of_scipy(double expected, params double[] differences) =>
        Assert.That(WilcoxonSignedRank.PValue(differences), Is.EqualTo(expected).Within(1e-12));

    /// <summary>All changes of sign counted out, with ties and zeros.</summary>
    [Test]
    public void Is_the_share_of_all_changes_of_sign([Range(1, 12)] int count)
    {
        var random = new System.Random(count);
        double[] differences = [.. Enumerable.Range(0, count).Select(_ => (double)random.Next(-3, 5))];
        double[] nonZero = [.. differences.Where(d => d != 0)];
        double[] ranks =
        [
            .. nonZero.Select(d =>
                nonZero.Count(o => Math.Abs(o) < Math.Abs(d)) + ((nonZero.Count(o => Math.Abs(o) == Math.Abs(d)) + 1) / 2.0)
            ),
        ];
        double Statistic(Func<int, bool> isPositive)
        {
            double positive = ranks.Where((_, i) => isPositive(i)).Sum();
            return Math.Min(positive, ranks.Sum() - positive);
        }

        double observed = Statistic(i => nonZero[i] > 0);
        int all = 1 << nonZero.Length,
            asExtreme = Enumerable.Range(0, all).Count(signs => Statistic(i => (signs >> i & 1) == 1) <= observed);
        double? expected = nonZero.Length == 0 ? null : (double)asExtreme / all;
        Assert.That(WilcoxonSignedRank.PValue(differences), expected is null ? Is.Null : Is.EqualTo(expected).Within(1e-12));
    }

    [Test]
    public void The_normal_tail_meets_the_exact_one()
    {
        var random = new System.Random(3);
        double[] few = [.. Enumerable.Range(0, WilcoxonSignedRank.MostExact).Select(_ => random.NextDouble() - 0.42)];
        Assert.That(WilcoxonSignedRank.PValue([.. few, 1e-9]), Is.EqualTo(WilcoxonSignedRank.PValue(few)).Within(5e-3));
    }
}
