using System.Globalization;
using UnpairedSegEngine.Classification.Evaluation;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Experiments;

/// <summary>Scores of classified images; report.csv has a row per job and score.</summary>
internal sealed class ImageReport : ExperimentReport
{
    private const string NotApplicable = "n/a";

    private readonly string dataset;
    private readonly (MethodVariant Variant, FinishedImageJob[] Jobs)[] variants;
    private readonly string[] scores;
    private readonly string main;
    private readonly ComparisonSections compared;

    /// <param name="plan">Of the experiment.</param>
    /// <param name="dataset">Its name.</param>
    /// <param name="finished">At least one.</param>
    /// <param name="comparison">Variants that are held against each other; none if null.</param>
    public ImageReport(ExperimentPlan plan, string dataset, IReadOnlyList<FinishedImageJob> finished, Comparison? comparison)
        : base(plan, finished.Select(job => job.Job))
    {
        this.dataset = dataset;
        variants = [.. finished.GroupBy(job => job.Job.Variant).Select(group => (group.Key, group.ToArray()))];
        scores = [.. finished.SelectMany(job => job.Scores.Keys).Distinct()];
        main = ImageValidation.MainScore(finished[0].Report).Name;
        compared = new ComparisonSections(
            comparison,
            [.. variants.Select(variant => variant.Variant.Name)],
            Missing,
            Words(main),
            pair => [new ComparedScores("all images", BySeed(pair.First), BySeed(pair.Second))]
        );
    }

    public override string Summary =>
        string.Join(
            Environment.NewLine,
            [
                $"{Words(main)}, mean and deviation over seeds:",
                .. variants.Select(variant => $"  {variant.Variant.Name, -16} {Text(Over(variant.Jobs, main))}"),
                .. compared.Summaries,
            ]
        );

    private protected override string Title => $"Variants compared on {dataset}";

    public override IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyDictionary<string, RunScores>>> Scores() =>
        variants.ToDictionary(
            variant => variant.Variant.Name,
            variant =>
                (IReadOnlyDictionary<string, IReadOnlyDictionary<string, RunScores>>)
                    new Dictionary<string, IReadOnlyDictionary<string, RunScores>>
                    {
                        ["images"] = scores
                            .Where(score => variant.Jobs.Any(job => job.Scores.ContainsKey(score)))
                            .ToDictionary(score => score, score => Over(variant.Jobs, score)),
                    }
        );

    private protected override IEnumerable<ReportSection> Sections() =>
        [Overview(), .. compared.All(Curves), Differences(), ByClass(), Curves.Section(), .. Findings()];

    private protected override void WriteCsv(TextWriter writer)
    {
        writer.WriteLine("variant,seed,score,value");
        foreach (FinishedImageJob job in variants.SelectMany(variant => variant.Jobs))
        {
            foreach ((string score, double value) in job.Scores)
                writer.WriteLine(
                    string.Create(CultureInfo.InvariantCulture, $"{job.Job.Variant.Name},{job.Job.Seed},{score},{value:R}")
                );
        }
    }

    private ReportSection Overview() =>
        new("Variants")
        {
            Paragraphs =
            [
                $"{Plan.Config.Training.Steps} steps of {Plan.Config.Training.Batch} images, "
                    + $"{Count(Plan.JudgedJobs.Select(job => job.Seed).Distinct().Count(), "seed")}; judged on "
                    + $"{Count(variants[0].Jobs[0].Report.Images, "test image")} with the last weights. Mean and population "
                    + "deviation over seeds.",
                .. MissingNote(),
            ],
            Tables =
            [
                new ReportTable(
                    "",
                    ["variant", "what it is", "parameters", .. scores.Select(Words), "minutes"],
                    [
                        .. variants.Select(variant =>
                            (IReadOnlyList<string>)
                                [
                                    variant.Variant.Name,
                                    variant.Variant.Summary,
                                    variant.Jobs[0].Result.Parameters.ToString("N0", CultureInfo.InvariantCulture),
                                    .. scores.Select(score => Text(Over(variant.Jobs, score))),
                                    (variant.Jobs.Average(job => job.Result.Seconds) / 60).ToString(
                                        "F1",
                                        CultureInfo.InvariantCulture
                                    ),
                                ]
                        ),
                    ]
                ),
            ],
        };

    /// <summary>Each pair of variants on the seeds that both have.</summary>
    private ReportSection Differences() =>
        new("Paired differences")
        {
            Paragraphs =
            [
                $"Difference of {Words(main)} between runs of the same seed, first minus second variant: mean, and standard error "
                    + "of the mean over seeds. Few seeds say little: see how many there are.",
            ],
            Tables =
            [
                new ReportTable(
                    "",
                    ["pair", "seeds", "mean difference", "standard error", "seeds better"],
                    [
                        .. from a in variants.Index()
                        from b in variants.Index()
                        where a.Index > b.Index
                        let pairs = PairedBySeed(a.Item.Jobs, b.Item.Jobs)
                        select (IReadOnlyList<string>)
                            [
                                $"{a.Item.Variant.Name} - {b.Item.Variant.Name}",
                                pairs.Length.ToString(CultureInfo.InvariantCulture),
                                pairs.Length == 0
                                    ? NotApplicable
                                    : pairs.Average().ToString("+0.0000;-0.0000;0.0000", CultureInfo.InvariantCulture),
                                StandardError(pairs)?.ToString("F4", CultureInfo.InvariantCulture) ?? NotApplicable,
                                pairs.Count(difference => difference > 0).ToString(CultureInfo.InvariantCulture),
                            ],
                    ]
                ),
            ],
        };

    /// <summary>Recall, or average precision where images have several labels.</summary>
    private ReportSection ByClass()
    {
        ClassificationReport any = variants[0].Jobs[0].Report;
        return new ReportSection(any.IsMultiLabel ? "Average precision by class" : "Recall by class")
        {
            Tables =
            [
                new ReportTable(
                    "",
                    ["variant", .. any.Classes.Select(scores => scores.Name)],
                    [
                        .. variants.Select(variant =>
                            (IReadOnlyList<string>)
                                [
                                    variant.Variant.Name,
                                    .. any.Classes.Select(
                                        (_, k) =>
                                            Text(
                                                RunScores.Over(
                                                    variant.Jobs.Select(job =>
                                                        any.IsMultiLabel
                                                            ? job.Report.Classes[k].AveragePrecision
                                                            : job.Report.Classes[k].Recall
                                                    )
                                                )
                                            )
                                    ),
                                ]
                        ),
                    ]
                ),
            ],
        };
    }

    /// <summary>What methods show of their first runs, where they do.</summary>
    private IEnumerable<ReportSection> Findings()
    {
        ReportPicture[] pictures = [.. variants.SelectMany(variant => PicturesOf(variant.Variant, variant.Jobs[0].Pictures))];
        return pictures.Length == 0
            ? []
            :
            [
                new ReportSection("What the method finds in its runs")
                {
                    Paragraphs = ["Of the first seed."],
                    Pictures = pictures,
                },
            ];
    }

    private LearningCurves Curves =>
        new(main, Words(main), [.. variants.Select(variant => (variant.Variant.Name, RunsOf(variant.Jobs)))]);

    private static IReadOnlyList<(long, IReadOnlyList<MetricRecord>)> RunsOf(FinishedImageJob[] jobs) =>
        [.. jobs.Select(job => (job.Job.Seed, job.Records))];

    /// <summary>The main score of a variant's seeds, all images being one case.</summary>
    private Dictionary<long, IReadOnlyDictionary<string, double>> BySeed(string name) =>
        variants
            .Single(variant => variant.Variant.Name == name)
            .Jobs.Where(job => job.Scores.ContainsKey(main))
            .ToDictionary(
                job => job.Job.Seed,
                job => (IReadOnlyDictionary<string, double>)new Dictionary<string, double> { [""] = job.Scores[main] }
            );

    private double[] PairedBySeed(FinishedImageJob[] a, FinishedImageJob[] b) =>
        [
            .. from one in a
            join other in b on one.Job.Seed equals other.Job.Seed
            where one.Scores.ContainsKey(main) && other.Scores.ContainsKey(main)
            select one.Scores[main] - other.Scores[main],
        ];

    private static double? StandardError(double[] values)
    {
        if (values.Length < 2)
            return null;
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1) / values.Length);
    }

    private static RunScores Over(FinishedImageJob[] jobs, string score) =>
        RunScores.Over(jobs.Select(job => job.Scores.TryGetValue(score, out double value) ? value : (double?)null));

    private static string Text(RunScores scores) =>
        scores.Mean is null
            ? NotApplicable
            : string.Create(CultureInfo.InvariantCulture, $"{scores.Mean:F4} ± {scores.Deviation:F4}");

    private static string Words(string score) => score.Replace('_', ' ');
}
