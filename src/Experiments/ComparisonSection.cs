using System.Globalization;

namespace UnpairedSegEngine.Experiments;

/// <summary>
/// Whether one variant is better than another, as far as the runs can say: differences with intervals, not with p values of cases
/// alone.
/// </summary>
/// <param name="comparison">Which variants.</param>
/// <param name="score">The main score, for a person.</param>
/// <param name="atEnd">Of what is judged, a group after the other.</param>
/// <param name="missing">Jobs of both variants that are not finished.</param>
internal sealed class ComparisonSection(
    Comparison comparison,
    string score,
    IReadOnlyList<ComparedScores> atEnd,
    IReadOnlyList<ExperimentJob> missing
)
{
    /// <summary>Intervals of fewer seeds say more about these seeds than about others.</summary>
    private const int FewSeeds = 8;

    private const string NotApplicable = "n/a";

    private readonly (ComparedScores Scores, PairedDifferences Differences, (double Low, double High)? Interval)[] groups =
    [
        .. from scores in atEnd let differences = scores.Differences() select (scores, differences, differences.Interval()),
    ];

    public Comparison Comparison => comparison;

    /// <summary>What the differences are of.</summary>
    public string Score => score;

    /// <summary>By group, the mean difference and its interval; null where there is none.</summary>
    public IEnumerable<(string Group, double? Mean, (double Low, double High)? Interval)> Differences =>
        groups.Select(group => (group.Scores.Group, group.Differences.Mean, group.Interval));

    private string Title => $"{comparison.First} against {comparison.Second}";

    /// <summary>Two lines or more, for a terminal.</summary>
    public string Summary =>
        string.Join(
            Environment.NewLine,
            [
                $"{Title}, {score}, mean difference and 95 % interval over seeds and cases:",
                .. groups.Select(group =>
                    $"  {group.Scores.Group, -12} {Signed(group.Differences.Mean)} {Text(group.Interval)}, "
                    + $"{group.Differences.OfSeeds.Count} seeds: {Verdict(group.Interval)}"
                ),
                .. Reservations().Select(reservation => $"  {reservation}"),
            ]
        );

    /// <param name="curves">By seed, what each variant's validations recorded of the main score; cases are not told
    /// apart.</param>
    public ReportSection Section(IReadOnlyList<(long Step, ComparedScores Scores)> curves) =>
        new(Title)
        {
            Paragraphs =
            [
                .. Reservations(),
                $"Difference of {score}, first minus second variant, paired by seed and case. Interval: 95 %, by a bootstrap "
                    + "that draws seeds and cases anew, widened for few of them. Only what it leaves out is excluded; where it "
                    + "holds 0, these runs do not decide. p: two-sided Wilcoxon signed-rank tests, over the means of the seeds, and over "
                    + "those of the cases; the second is about other cases of these very runs, not about other runs.",
                .. comparison.Gain is { } gain
                    ?
                    [
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"Seeds for {gain}: how many find a true difference of {gain} on these cases with a probability of "
                                + $"80 % (two-sided t test at 5 %), if the deviation between seeds is that of the runs here."
                        ),
                    ]
                    : Array.Empty<string>(),
            ],
            Tables = [AtEnd(), .. curves.Count > 0 ? [AtEqualSteps(curves)] : Array.Empty<ReportTable>()],
        };

    /// <summary>What <see cref="OverviewRows"/> have.</summary>
    public static IReadOnlyList<string> OverviewHeader { get; } =
    ["variant", "", "seeds", "difference", "95 % interval", "seeds better", "p over seeds", "verdict"];

    /// <summary>A row per group, for a table of several comparisons.</summary>
    public IEnumerable<IReadOnlyList<string>> OverviewRows() =>
        groups.Select(group =>
            (IReadOnlyList<string>)
                [
                    comparison.First,
                    group.Scores.Group,
                    Text(group.Differences.OfSeeds.Count),
                    Signed(group.Differences.Mean),
                    Text(group.Interval),
                    Text(group.Differences.OfSeeds.Count(difference => difference > 0)),
                    Text(WilcoxonSignedRank.PValue(group.Differences.OfSeeds)),
                    Verdict(group.Interval),
                ]
        );

    private IEnumerable<string> Reservations()
    {
        int seeds = groups.Select(group => group.Differences.OfSeeds.Count).DefaultIfEmpty(0).Min();
        if (missing.Count > 0)
            yield return $"EARLY RESULT: {missing.Count} of the runs of both variants are not finished. What is shown may turn.";
        else if (seeds < FewSeeds)
            yield return $"Few seeds ({seeds}): an interval of fewer than {FewSeeds} says little about other seeds.";
    }

    private ReportTable AtEnd() =>
        new(
            "With the last weights",
            [
                "",
                "seeds",
                "cases",
                comparison.First,
                comparison.Second,
                "difference",
                "95 % interval",
                "deviation of seeds",
                "seeds better",
                "p over seeds",
                "p over cases",
                .. comparison.Gain is { } gain
                    ? [string.Create(CultureInfo.InvariantCulture, $"seeds for {gain}")]
                    : Array.Empty<string>(),
                "verdict",
            ],
            [
                .. groups.Select(group =>
                    (IReadOnlyList<string>)
                        [
                            group.Scores.Group,
                            Text(group.Differences.OfSeeds.Count),
                            Text(group.Differences.Cases.Count),
                            Text(group.Scores.MeanOf(group.Scores.First)),
                            Text(group.Scores.MeanOf(group.Scores.Second)),
                            Signed(group.Differences.Mean),
                            Text(group.Interval),
                            Text(group.Differences.DeviationOfSeeds),
                            Text(group.Differences.OfSeeds.Count(difference => difference > 0)),
                            Text(WilcoxonSignedRank.PValue(group.Differences.OfSeeds)),
                            Text(WilcoxonSignedRank.PValue(group.Differences.OfCases)),
                            .. comparison.Gain is { } wanted ? [SeedsFor(group.Differences, wanted)] : Array.Empty<string>(),
                            Verdict(group.Interval),
                        ]
                ),
            ]
        );

    private ReportTable AtEqualSteps(IReadOnlyList<(long Step, ComparedScores Scores)> curves) =>
        new(
            "At equal steps, on what is validated; intervals are over seeds",
            ["step", "seeds", comparison.First, comparison.Second, "difference", "95 % interval"],
            [
                .. curves.Select(point =>
                {
                    PairedDifferences differences = point.Scores.Differences();
                    return (IReadOnlyList<string>)
                        [
                            point.Step.ToString(CultureInfo.InvariantCulture),
                            Text(differences.OfSeeds.Count),
                            Text(point.Scores.MeanOf(point.Scores.First)),
                            Text(point.Scores.MeanOf(point.Scores.Second)),
                            Signed(differences.Mean),
                            Text(differences.Interval()),
                        ];
                }),
            ]
        );

    private string Verdict((double Low, double High)? interval) =>
        interval switch
        {
            null => "one seed decides nothing",
            { Low: > 0 } => $"{comparison.First} is better",
            { High: < 0 } => $"{comparison.Second} is better",
            var (low, high) when low > -comparison.Gain && high < comparison.Gain => string.Create(
                CultureInfo.InvariantCulture,
                $"equal within {comparison.Gain}"
            ),
            _ => "not decided",
        };

    private static string SeedsFor(PairedDifferences differences, double gain) =>
        differences.SeedsFor(gain) is { } seeds ? Text(seeds)
        : differences.DeviationOfSeeds is null ? NotApplicable
        : "over 10,000";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(double? number) => number?.ToString("F3", CultureInfo.InvariantCulture) ?? NotApplicable;

    private static string Signed(double? number) =>
        number?.ToString("+0.000;-0.000;0.000", CultureInfo.InvariantCulture) ?? NotApplicable;

    private static string Text((double Low, double High)? interval) =>
        interval is var (low, high) ? $"[{Signed(low)}, {Signed(high)}]" : NotApplicable;
}
