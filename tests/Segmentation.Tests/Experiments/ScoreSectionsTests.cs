using UnpairedSegEngine.Experiments;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Segmentation.Tests.Experiments;

/// <summary>The tables of an experiment where one variant misses what another finds.</summary>
internal sealed class ScoreSectionsTests
{
    private static readonly string[] Organs = ["liver", "spleen"];
    private static readonly Geometry Grid = new(30, 20, 10, Affine.Diagonal(new(-2, 2, 6), default));

    private const int Hallucinated = -1;

    /// <summary>sqrt(60^2 + 40^2 + 60^2).</summary>
    private const double Diagonal = 93.8083151964686;

    /// <summary>
    /// "individual" misses the hard liver of the second case and is off by 2 mm in what it finds; "joint" finds all, off by 4 and
    /// 20 mm.
    /// </summary>
    private static readonly VariantScores[] Variants =
    [
        Variant("individual", Case("b", liver: null, spleen: 1), Case("a", liver: 1, spleen: 1)),
        Variant("joint", Case("b", liver: 10, spleen: 2), Case("a", liver: 2, spleen: 2)),
    ];

    [Test]
    public void A_missed_organ_does_not_improve_the_rank()
    {
        ReportSection section = Section("HD95, mm");
        ReportTable penalized = section.Tables.Single(t => t.Caption == "CT, penalized"),
            found = section.Tables.Single(t => t.Caption == "CT, found only");
        Assert.That(penalized.Header, Is.EqualTo(new[] { "variant", "liver", "spleen", "mean", "rank" }));
        Assert.That(
            found.Rows.Select(row => row[1]),
            Is.EqualTo(new[] { "2.0 ± 0.0", "12.0 ± 8.0" }),
            "over what was found, the variant that misses looks better"
        );
        Assert.That(penalized.Rows[0][1], Is.EqualTo("47.9 ± 45.9"), "(2 + 93.8) / 2");
        Assert.That(penalized.Rows[1][1], Is.EqualTo("12.0 ± 8.0"));
        Assert.That(penalized.Rows.Select(row => row[^1]), Is.EqualTo(new[] { "2", "1" }));
    }

    [Test]
    public void Missed_and_hallucinated_organs_are_counted()
    {
        VariantScores spurious = Variant("ummkd", Case("a", liver: 1, spleen: Hallucinated), Case("c", liver: null, spleen: 1));
        var sections = new ScoreSections([.. Variants, spurious], ["CT"], Organs);
        ReportTable table = sections.All().Single(s => s.Title == "Missed and hallucinated organs").Tables.Single();
        Assert.That(table.Rows[0], Is.EqualTo(new[] { "individual", "1 / 0 of 2", "0 / 0 of 2", "1 / 0 of 4" }));
        Assert.That(table.Rows[1], Is.EqualTo(new[] { "joint", "0 / 0 of 2", "0 / 0 of 2", "0 / 0 of 4" }));
        Assert.That(table.Rows[2], Is.EqualTo(new[] { "ummkd", "1 / 0 of 2", "0 / 1 of 2", "1 / 1 of 4" }));
    }

    [Test]
    public void Pairs_are_compared_by_penalized_distances()
    {
        ReportTable pairs = Section("Paired differences").Tables.Single(t => t.Caption == "CT, penalized HD95, mm");
        // joint - individual: case a 4 - 2, case b (20 + 4) / 2 - (93.8 + 2) / 2.
        double mean = (2 + (12 - ((Diagonal + 2) / 2))) / 2;
        Assert.That(
            pairs.Rows.Single().Take(4),
            Is.EqualTo(
                new[]
                {
                    "joint - individual",
                    "2",
                    mean.ToString("+0.0;-0.0", System.Globalization.CultureInfo.InvariantCulture),
                    "1",
                }
            )
        );
    }

    /// <summary>What an older version wrote has no penalty: no number passes for a penalized mean.</summary>
    [Test]
    public void Reports_without_penalties_have_no_penalized_mean()
    {
        CaseResult old = Case("a", liver: 1, spleen: 1);
        old = old with { Scores = old.Scores.ToDictionary(s => s.Key, s => s.Value with { PenaltyMm = null }) };
        ReportTable table = new ScoreSections([Variant("joint", old)], ["CT"], Organs)
            .All()
            .Single(s => s.Title == "HD95, mm")
            .Tables[0];
        Assert.That(table.Rows.Single(), Is.EqualTo(new[] { "joint", "n/a", "n/a", "n/a", "n/a" }));
    }

    private static ReportSection Section(string title) =>
        new ScoreSections(Variants, ["CT"], Organs).All().Single(s => s.Title == title);

    private static VariantScores Variant(string name, params CaseResult[] cases)
    {
        var variant = new MethodVariant(name, "");
        return new VariantScores(
            variant,
            [
                new FinishedJob(
                    new ExperimentJob(variant, 0, 0),
                    new JobResult(1, 1, 1),
                    new EvaluationReport(cases, Organs, 2),
                    []
                ),
            ]
        );
    }

    /// <summary>
    /// Single voxels: an organ is predicted that many voxels of 2 mm off along x, not at all, or where the reference has none.
    /// </summary>
    private static CaseResult Case(string id, int? liver, int? spleen)
    {
        Volume<byte> prediction = new(Grid),
            reference = new(Grid);
        Place(1, row: 3, liver);
        Place(2, row: 9, spleen);
        return CaseResult.Of(id, "CT", prediction, reference, Organs, tolerance: 2);

        void Place(byte label, int row, int? shift)
        {
            if (shift != Hallucinated)
                reference[5, row, 4] = label;
            if (shift is { } voxels)
                prediction[5 + Math.Max(0, voxels), row, 4] = label;
        }
    }
}
