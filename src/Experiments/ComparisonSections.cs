namespace UnpairedSegEngine.Experiments;

/// <summary>What a report says of variants against others: of two, or of every variant against the same other one.</summary>
internal sealed class ComparisonSections
{
    private readonly ComparisonSection[] sections;

    /// <param name="asked">Which variants; null if nobody asks.</param>
    /// <param name="finished">Variants that have finished runs; others are left out.</param>
    /// <param name="missing">Jobs that are not finished.</param>
    /// <param name="score">The main score, for a person.</param>
    /// <param name="atEnd">What was judged of two variants, a group after the other.</param>
    public ComparisonSections(
        Comparison? asked,
        IReadOnlyCollection<string> finished,
        IReadOnlyList<ExperimentJob> missing,
        string score,
        Func<Comparison, IEnumerable<ComparedScores>> atEnd
    ) =>
        sections = [
            .. from pair in Pairs(asked, finished)
            where finished.Contains(pair.First) && finished.Contains(pair.Second)
            select new ComparisonSection(
                pair,
                score,
                [.. atEnd(pair)],
                [.. missing.Where(job => job.Variant.Name == pair.First || job.Variant.Name == pair.Second)]
            ),
        ];

    /// <summary>For a terminal, one per pair.</summary>
    public IEnumerable<string> Summaries => sections.Select(section => section.Summary);

    /// <param name="curves">Of all variants.</param>
    public IEnumerable<ReportSection> All(LearningCurves curves) =>
        [
            .. sections.Length > 1 ? [Overview()] : Array.Empty<ReportSection>(),
            .. sections.Select(section =>
                section.Section(curves.AtEqualSteps(section.Comparison.First, section.Comparison.Second))
            ),
        ];

    private static IEnumerable<Comparison> Pairs(Comparison? asked, IReadOnlyCollection<string> finished) =>
        asked is null ? []
        : asked.First != Comparison.AllVariants ? [asked]
        : finished.Where(name => name != asked.Second).Select(name => asked with { First = name });

    private ReportSection Overview()
    {
        string second = sections[0].Comparison.Second;
        return new ReportSection($"All against {second}")
        {
            Paragraphs =
            [
                $"Difference of {sections[0].Score}, variant minus {second}; each pair has a section of its own below. "
                    + $"These are {sections.Length} comparisons: of so many, an interval leaves 0 out by chance sooner than one does.",
            ],
            Tables =
            [
                new ReportTable(
                    "With the last weights",
                    ComparisonSection.OverviewHeader,
                    [.. sections.SelectMany(section => section.OverviewRows())]
                ),
            ],
            Pictures =
            [
                .. from section in sections
                from difference in section.Differences
                group (section.Comparison.First, difference.Mean, difference.Interval) by difference.Group into variants
                select ReportCharts.Differences(variants.Key, [.. variants], $"Difference of {sections[0].Score} to {second}"),
            ],
        };
    }
}
