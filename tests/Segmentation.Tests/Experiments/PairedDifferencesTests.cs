using UnpairedSegEngine.Experiments;
using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Segmentation.Tests.Experiments;

internal sealed class PairedDifferencesTests
{
    /// <summary>Against the density, integrated by Simpson's rule.</summary>
    [TestCase(0.975, 1, 12.7062047)]
    [TestCase(0.975, 2, 4.3026527)]
    [TestCase(0.975, 7, 2.3646243)]
    [TestCase(0.975, 10, 2.2281389)]
    [TestCase(0.8, 9, 0.8834039)]
    [TestCase(0.975, 99, 1.9842170)]
    public void Quantiles_of_t_are_those_of_its_density(double probability, int degrees, double expected) =>
        Assert.That(StudentT.Quantile(probability, degrees), Is.EqualTo(expected).Within(1e-7));

    [Test]
    public void Means_are_over_seeds_and_cases_that_are_there()
    {
        var differences = new PairedDifferences([
            new Dictionary<string, double> { ["a"] = 0.1, ["b"] = 0.3 },
            new Dictionary<string, double> { ["b"] = -0.1 },
            new Dictionary<string, double>(),
        ]);
        Assert.That(differences.Cases, Is.EqualTo(new[] { "a", "b" }));
        Assert.That(differences.OfSeeds, Is.EqualTo(new[] { 0.2, -0.1 }).Within(1e-12));
        Assert.That(differences.OfCases, Is.EqualTo(new[] { 0.1, 0.1 }).Within(1e-12));
        Assert.That(differences.Mean, Is.EqualTo(0.1).Within(1e-12));
        Assert.That(differences.DeviationOfSeeds, Is.EqualTo(0.3 / Math.Sqrt(2)).Within(1e-12));
    }

    [Test]
    public void One_seed_has_no_interval()
    {
        var one = new PairedDifferences([new Dictionary<string, double> { ["a"] = 0.1, ["b"] = 0.2 }]);
        Assert.That(one.Interval(), Is.Null);
        Assert.That(one.DeviationOfSeeds, Is.Null);
        Assert.That(one.SeedsFor(0.01), Is.Null);
        var none = new PairedDifferences([]);
        Assert.That(none.Mean, Is.Null);
        Assert.That(none.Interval(), Is.Null);
    }

    [Test]
    public void The_same_differences_have_the_same_interval()
    {
        PairedDifferences differences = Drawn(1, seeds: 5, cases: 4, 0.05, 0.05, 0.05);
        Assert.That(Drawn(1, seeds: 5, cases: 4, 0.05, 0.05, 0.05).Interval(), Is.EqualTo(differences.Interval()));
        (double low, double high) = differences.Interval()!.Value;
        Assert.That(differences.Mean, Is.GreaterThan(low).And.LessThan(high));
    }

    /// <summary>No difference but that of seeds, of cases, or of both: 95 % of the intervals should hold 0.</summary>
    [TestCase(8, 12, 0.05, 0.0)]
    [TestCase(8, 12, 0.0, 0.05)]
    [TestCase(4, 12, 0.05, 0.03)]
    [TestCase(12, 1, 0.05, 0.0)]
    public void Intervals_hold_the_truth_as_often_as_they_say(int seeds, int cases, double ofSeeds, double ofCases)
    {
        const int Trials = 120;
        int held = Enumerable
            .Range(0, Trials)
            .Count(trial =>
                Drawn(trial + 1, seeds, cases, ofSeeds, ofCases, 0.02).Interval() is var (low, high) && low <= 0 && high >= 0
            );
        Assert.That(held / (double)Trials, Is.InRange(0.89, 1));
    }

    [Test]
    public void A_difference_that_is_there_is_found()
    {
        (double low, double high) = Drawn(3, seeds: 8, cases: 12, 0.02, 0.02, 0.02, mean: 0.2).Interval()!.Value;
        Assert.That(low, Is.InRange(0.14, 0.2));
        Assert.That(high, Is.InRange(0.2, 0.26));
    }

    /// <summary>
    /// About 2.8^2 (deviation / gain)^2, and the more above it the fewer they are: the quantiles are those of t.
    /// </summary>
    [TestCase(0.03, 0.03, 10)]
    [TestCase(0.08, 0.03, 58)]
    [TestCase(0.001, 0.01, 2)]
    [TestCase(0.0, 0.01, 2)]
    public void Seeds_for_a_gain_follow_from_the_deviation(double deviation, double gain, int expected)
    {
        double off = deviation / Math.Sqrt(2);
        var differences = new PairedDifferences([
            new Dictionary<string, double> { ["a"] = 0.1 - off },
            new Dictionary<string, double> { ["a"] = 0.1 + off },
        ]);
        Assert.That(differences.SeedsFor(gain), Is.EqualTo(expected));
    }

    [Test]
    public void More_seeds_than_anybody_has_are_no_number()
    {
        var differences = new PairedDifferences([
            new Dictionary<string, double> { ["a"] = 0 },
            new Dictionary<string, double> { ["a"] = 1 },
        ]);
        Assert.That(differences.SeedsFor(1e-6), Is.Null);
    }

    private static PairedDifferences Drawn(
        int trial,
        int seeds,
        int cases,
        double ofSeeds,
        double ofCases,
        double rest,
        double mean = 0
    )
    {
        var stream = new PhiloxStream((ulong)trial, 5, 6, 7);
        double[] caseEffects = [.. Enumerable.Range(0, cases).Select(_ => ofCases * stream.NextNormal())];
        var bySeed = new List<IReadOnlyDictionary<string, double>>();
        for (int seed = 0; seed < seeds; seed++)
        {
            double seedEffect = ofSeeds * stream.NextNormal();
            bySeed.Add(
                caseEffects
                    .Index()
                    .ToDictionary(one => $"case{one.Index}", one => mean + seedEffect + one.Item + (rest * stream.NextNormal()))
            );
        }

        return new PairedDifferences(bySeed);
    }
}
