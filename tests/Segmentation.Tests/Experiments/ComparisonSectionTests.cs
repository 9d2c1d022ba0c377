using System.Globalization;
using UnpairedSegEngine.Experiments;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Segmentation.Tests.Experiments;

/// <summary>What a report says of two variants, and when it says that nothing is decided.</summary>
internal sealed class ComparisonSectionTests
{
    private static readonly string[] Cases = ["a", "b", "c"];

    [TestCase(0.1, 0.002, "ummkd is better")]
    [TestCase(-0.1, 0.002, "joint-norm is better")]
    [TestCase(0.0, 0.002, "equal within 0.01")]
    [TestCase(0.0, 0.05, "not decided")]
    public void The_verdict_follows_from_the_interval(double difference, double spread, string verdict)
    {
        ReportTable table = Section(seeds: 8, difference, gain: 0.01, spread).Section([]).Tables.Single();
        Assert.That(table.Rows.Single()[^1], Is.EqualTo(verdict));
        Assert.That(table.Header[^2], Is.EqualTo("seeds for 0.01"));
        Assert.That(int.Parse(table.Rows.Single()[^2], CultureInfo.InvariantCulture), Is.InRange(2, 200));
        Assert.That(table.Rows.Single().Take(3), Is.EqualTo(new[] { "CT", "8", "3" }));
    }

    [Test]
    public void Without_power_nobody_counts_seeds()
    {
        ReportTable table = Section(seeds: 8, 0.1).Section([]).Tables.Single();
        Assert.That(table.Header, Has.None.Contains("seeds for"));
        Assert.That(Section(seeds: 8, 0).Section([]).Tables.Single().Rows.Single()[^1], Is.EqualTo("not decided"));
    }

    [Test]
    public void Early_and_few_results_say_so()
    {
        string early = Section(seeds: 8, 0.1, missing: [new ExperimentJob(new MethodVariant("ummkd", ""), 8, 0)]).Summary,
            few = Section(seeds: 3, 0.1).Summary,
            one = Section(seeds: 1, 0.1).Summary,
            whole = Section(seeds: 8, 0.1).Summary;
        Assert.That(early, Does.Contain("EARLY RESULT: 1 of the runs").And.Contain("8 seeds: ummkd is better"));
        Assert.That(few, Does.Contain("Few seeds (3)"));
        Assert.That(one, Does.Contain("n/a, 1 seeds: one seed decides nothing"));
        Assert.That(whole, Does.Not.Contain("EARLY").And.Not.Contain("Few"));
    }

    [Test]
    public void Curves_are_compared_at_steps_that_both_have()
    {
        LearningCurves curves = new(
            "mean_dice",
            "Mean Dice",
            [
                ("ummkd", [Run(0, (10, 0.5), (20, 0.7)), Run(1, (10, 0.3), (20, 0.6))]),
                ("joint-norm", [Run(0, (10, 0.4), (30, 0.9)), Run(1, (10, 0.4), (20, 0.5))]),
            ]
        );
        ReportTable equal = Section(seeds: 8, 0.1).Section(curves.AtEqualSteps("ummkd", "joint-norm")).Tables[1];
        Assert.That(
            equal.Rows.Select(row => string.Join(' ', row.Take(5))),
            Is.EqualTo(new[] { "10 2 0.400 0.400 0.000", "20 1 0.600 0.500 +0.100" })
        );
        ReportTable all = curves.Section().Tables.Single();
        Assert.That(
            all.Rows.Select(row => string.Join(' ', row)),
            Is.EqualTo(new[] { "10 0.400 ± 0.100 0.400 ± 0.000", "20 0.650 ± 0.050 0.500 ± 0.000", "30 n/a 0.900 ± 0.000" })
        );

        static (long, IReadOnlyList<MetricRecord>) Run(long seed, params (long Step, double Dice)[] points) =>
            (
                seed,
                [
                    .. points.Select(point => new MetricRecord(
                        point.Step,
                        default,
                        [new("loss/total", 3), new("mean_dice", point.Dice)]
                    )),
                ]
            );
    }

    [Test]
    public void All_variants_are_held_against_one_in_one_table()
    {
        ReportSection[] sections = [.. Compared(Comparison.AllVariants, "joint-norm").All(NoCurves)];
        Assert.That(
            sections.Select(section => section.Title),
            Is.EqualTo(new[] { "All against joint-norm", "individual against joint-norm", "ummkd against joint-norm" })
        );
        Assert.That(
            sections[0].Tables.Single().Rows.Select(row => (row[0], row[3], row[^1])),
            Is.EqualTo(new[] { ("individual", "-0.200", "joint-norm is better"), ("ummkd", "+0.100", "ummkd is better") })
        );
        Assert.That(sections[0].Pictures.Single().FileName, Is.EqualTo("differences-CT.svg"));
    }

    [TestCase("ummkd", "joint-norm", 1)]
    [TestCase("ummkd", "not finished", 0)]
    public void Two_variants_need_no_overview(string first, string second, int sections) =>
        Assert.That(Compared(first, second).All(NoCurves).Count(), Is.EqualTo(sections));

    private static LearningCurves NoCurves =>
        new("mean_dice", "Mean Dice", [("individual", []), ("joint-norm", []), ("ummkd", [])]);

    private static ComparisonSections Compared(string first, string second)
    {
        Dictionary<string, double> off = new()
        {
            ["individual"] = -0.2,
            ["joint-norm"] = 0,
            ["ummkd"] = 0.1,
        };
        return new ComparisonSections(
            new Comparison(first, second),
            off.Keys,
            [],
            "mean Dice",
            pair => [new ComparedScores("CT", Of(pair.First), Of(pair.Second))]
        );

        Dictionary<long, IReadOnlyDictionary<string, double>> Of(string variant) =>
            Enumerable.Range(0, 8).ToDictionary(seed => (long)seed, seed => OfSeed(seed, off[variant], 0));
    }

    /// <summary>Differences of seeds and cases are off by at most twice the spread.</summary>
    private static ComparisonSection Section(
        int seeds,
        double difference,
        double? gain = null,
        double spread = 0.002,
        params ExperimentJob[] missing
    )
    {
        return new ComparisonSection(
            new Comparison("ummkd", "joint-norm", gain),
            "mean Dice over organs",
            [new ComparedScores("CT", Scores(difference, spread), Scores(0, 0))],
            missing
        );

        Dictionary<long, IReadOnlyDictionary<string, double>> Scores(double off, double spread) =>
            Enumerable.Range(0, seeds).ToDictionary(seed => (long)seed, seed => OfSeed(seed, off, spread));
    }

    private static IReadOnlyDictionary<string, double> OfSeed(int seed, double off, double spread) =>
        Cases.Index().ToDictionary(one => one.Item, one => 0.5 + off + (spread * (Math.Sin(seed * 1.7) + Math.Cos(one.Index))));
}
