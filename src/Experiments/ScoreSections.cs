using System.Globalization;
using UnpairedSegEngine.Imaging.Metrics;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Experiments;

/// <summary>
/// The sections of a report that compare variants by scores. Distances rank and compare with a penalty for missed and
/// hallucinated organs: a mean over what was found alone gets better with every organ that is not.
/// </summary>
internal sealed class ScoreSections(
    IReadOnlyList<VariantScores> variants,
    IReadOnlyList<string> modalities,
    IReadOnlyList<string> organs
)
{
    private const string Dice = "dice";
    private const string Compared = "hd95_penalized_mm";
    private const string NotApplicable = "n/a";

    public IEnumerable<ReportSection> All() =>
        [
            Overlaps(),
            Presence(),
            Distances("HD95, mm", "hd95_mm", Compared),
            Distances("ASSD, mm", "assd_mm", "assd_penalized_mm"),
            Differences(),
        ];

    public static string Text(ScoreSummary summary, int digits)
    {
        string format = $"F{digits}";
        return summary.Mean is { } mean
            ? $"{mean.ToString(format, CultureInfo.InvariantCulture)} ± "
                + $"{summary.Deviation!.Value.ToString(format, CultureInfo.InvariantCulture)}"
            : NotApplicable;
    }

    private ReportSection Overlaps() =>
        new("Dice")
        {
            Paragraphs = [$"{Definition(Dice)}. Mean and population deviation over cases; {StructureScores.EmptyPolicy}."],
            Tables = [.. modalities.Select(modality => Means(modality, modality, Dice, 3))],
        };

    private ReportSection Presence() =>
        new("Missed and hallucinated organs")
        {
            Paragraphs =
            [
                "Missed: in the reference only. Hallucinated: in the prediction only. Missed / hallucinated of those "
                    + "that are in either, over all cases and runs; absent ones do not count.",
            ],
            Tables =
            [
                .. modalities.Select(modality => new ReportTable(
                    modality,
                    ["variant", .. organs, "all"],
                    [
                        .. variants.Select(variant =>
                            (IReadOnlyList<string>)
                                [
                                    variant.Name,
                                    .. organs.Select(organ => variant.Presence(modality, organ).ToString()),
                                    variant.Presence(modality, null).ToString(),
                                ]
                        ),
                    ]
                )),
            ],
        };

    private ReportSection Distances(string title, string found, string penalized) =>
        new(title)
        {
            Paragraphs =
            [
                $"{Definition(found)}. Mean and population deviation over cases. Ranks are by the penalized mean: a "
                    + "missed or hallucinated organ counts as the diagonal of its volume. Means over found organs alone cannot "
                    + "be compared where variants miss different ones.",
            ],
            Tables =
            [
                .. modalities.SelectMany(modality =>
                    new[]
                    {
                        Ranked(Means($"{modality}, penalized", modality, penalized, 1), penalized, modality),
                        Means($"{modality}, found only", modality, found, 1),
                    }
                ),
            ],
        };

    private ReportTable Means(string caption, string modality, string metric, int digits) =>
        new(
            caption,
            ["variant", .. organs, "mean"],
            [
                .. variants.Select(variant =>
                    (IReadOnlyList<string>)
                        [
                            variant.Name,
                            .. organs.Select(organ => Text(variant.Over(metric, modality, organ), digits)),
                            Text(variant.Over(metric, modality, null), digits),
                        ]
                ),
            ]
        );

    private ReportTable Ranked(ReportTable table, string metric, string modality)
    {
        double?[] means = [.. variants.Select(variant => variant.Over(metric, modality, null).Mean)];
        string Rank(double? mean) =>
            mean is null ? NotApplicable : (1 + means.Count(other => other < mean)).ToString(CultureInfo.InvariantCulture);
        return table with
        {
            Header = [.. table.Header, "rank"],
            Rows = [.. table.Rows.Zip(means, (row, mean) => (IReadOnlyList<string>)[.. row, Rank(mean)])],
        };
    }

    /// <summary>Each pair of variants on the cases that both judged.</summary>
    private ReportSection Differences() =>
        new("Paired differences")
        {
            Paragraphs =
            [
                "Difference of the mean over organs of the same case, first minus second variant: of Dice (more is "
                    + "better) and of the penalized HD95 (less is better); two-sided p of the Wilcoxon signed-rank test over "
                    + "cases (not corrected for the number of comparisons). It is about other cases of these very runs: runs "
                    + "with other seeds may differ by more. 'experiment --compare' gives intervals over seeds and cases.",
            ],
            Tables =
            [
                .. modalities.SelectMany(modality =>
                    new[]
                    {
                        Pairs($"{modality}, Dice", modality, Dice, "0.000", better: 1),
                        Pairs($"{modality}, penalized HD95, mm", modality, Compared, "0.0", better: -1),
                    }
                ),
            ],
        };

    private ReportTable Pairs(string caption, string modality, string metric, string format, int better) =>
        new(
            caption,
            ["pair", "cases", "mean difference", "cases better", "p"],
            [
                .. from a in variants.Index()
                from b in variants.Index()
                where a.Index > b.Index
                let pairs = PairedDifferences(a.Item, b.Item, modality, metric)
                select (IReadOnlyList<string>)
                    [
                        $"{a.Item.Name} - {b.Item.Name}",
                        pairs.Length.ToString(CultureInfo.InvariantCulture),
                        pairs.Length == 0
                            ? NotApplicable
                            : pairs.Average().ToString($"+{format};-{format};{format}", CultureInfo.InvariantCulture),
                        pairs.Count(d => d * better > 0).ToString(CultureInfo.InvariantCulture),
                        WilcoxonSignedRank.PValue(pairs)?.ToString("F3", CultureInfo.InvariantCulture) ?? NotApplicable,
                    ],
            ]
        );

    private static double[] PairedDifferences(VariantScores a, VariantScores b, string modality, string metric)
    {
        IReadOnlyDictionary<string, double> other = b.Cases(metric, modality, null);
        return
        [
            .. a.Cases(metric, modality, null)
                .Where(entry => other.ContainsKey(entry.Key))
                .Select(entry => entry.Value - other[entry.Key]),
        ];
    }

    private static string Definition(string metric) => StructureScores.Metrics.Single(m => m.Name == metric).Definition;
}
