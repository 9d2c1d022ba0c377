using System.Globalization;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Imaging.Pictures;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Experiments;

/// <summary>Scores of segmented volumes; report.csv has a row per job, case and organ.</summary>
internal sealed class VolumeReport : ExperimentReport
{
    private const string Dice = "dice";

    private readonly ExperimentPlan plan;
    private readonly SegmentationDataset dataset;
    private readonly VariantScores[] variants;
    private readonly string[] modalities;
    private readonly string[] organs;
    private readonly ComparisonSections compared;

    public VolumeReport(
        ExperimentPlan plan,
        SegmentationDataset dataset,
        IReadOnlyList<FinishedJob> finished,
        Comparison? comparison
    )
        : base(plan, finished.Select(job => job.Job))
    {
        (this.plan, this.dataset) = (plan, dataset);
        variants = [.. finished.GroupBy(job => job.Job.Variant).Select(group => new VariantScores(group.Key, [.. group]))];
        modalities = [.. dataset.Modalities.Select(m => m.Name).Intersect(finished.SelectMany(job => job.Report.Modalities))];
        organs = [.. dataset.ClassNames.Skip(1)];
        compared = new ComparisonSections(
            comparison,
            [.. variants.Select(variant => variant.Name)],
            Missing,
            "mean Dice over organs",
            pair =>
                modalities.Select(modality => new ComparedScores(
                    modality,
                    VariantOf(pair.First).BySeed(Dice, modality),
                    VariantOf(pair.Second).BySeed(Dice, modality)
                ))
        );

        VariantScores VariantOf(string name) => variants.Single(variant => variant.Name == name);
    }

    /// <summary>The table of Dice.</summary>
    public override string Summary
    {
        get
        {
            IEnumerable<string[]> lines = variants.Select(variant =>
                (string[])
                    [
                        variant.Name,
                        .. modalities.Select(m =>
                            $"{m} {ScoreSections.Text(variant.Over(Dice, m, null), 3)} ({variant.Presence(m, null)})"
                        ),
                    ]
            );
            return string.Join(
                Environment.NewLine,
                [
                    "mean Dice over organs, mean and deviation over cases (organs missed / hallucinated of those present):",
                    .. lines.Select(line => $"  {line[0], -12} {string.Join("   ", line.Skip(1))}"),
                    .. from variant in variants
                    from finding in variant.Findings
                    select $"{variant.Name}: {finding.Key} {Text(finding.Value)}",
                    .. compared.Summaries,
                ]
            );
        }
    }

    private protected override string Title => $"Variants compared on {dataset.Name}";

    public override IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyDictionary<string, RunScores>>> Scores() =>
        variants
            .ToDictionary(variant => variant.Name, variant => RunScores.Of([.. variant.Jobs.Select(job => job.Report)]))
            .Concat(
                from variant in variants
                where variant.Findings.Count > 0
                select KeyValuePair.Create(
                    $"{variant.Name}: examined",
                    (IReadOnlyDictionary<string, IReadOnlyDictionary<string, RunScores>>)
                        new Dictionary<string, IReadOnlyDictionary<string, RunScores>> { ["all"] = variant.Findings }
                )
            )
            .ToDictionary();

    private protected override IEnumerable<ReportSection> Sections() =>
        [
            Overview(),
            .. compared.All(Curves),
            .. new ScoreSections(variants, modalities, organs).All(),
            .. plan.RateSection() is { } rates ? [rates] : Array.Empty<ReportSection>(),
            Curves.Section(),
            Boxes(),
            .. Distributions() is { Matrices.Count: > 0 } distributions ? [distributions] : Array.Empty<ReportSection>(),
            Overlays(),
            .. variants.Any(variant => variant.Findings.Count > 0) ? [Findings()] : Array.Empty<ReportSection>(),
        ];

    private protected override void WriteCsv(TextWriter writer)
    {
        writer.WriteLine($"scheme,seed,fold,{EvaluationFiles.CsvHeader}");
        foreach (FinishedJob job in variants.SelectMany(variant => variant.Jobs))
        {
            foreach (string row in EvaluationFiles.CsvRows(job.Report))
                writer.WriteLine($"{job.Job.Variant.Name},{job.Job.Seed},{job.Job.Fold},{row}");
        }
    }

    private ReportSection Overview()
    {
        TrainingConfig config = plan.Config;
        int seeds = plan.JudgedJobs.Select(job => job.Seed).Distinct().Count(),
            folds = plan.JudgedJobs.Select(job => job.Fold).Distinct().Count();
        string network = config.Network.Name.ToString().ToLowerInvariant();
        return new ReportSection("Variants")
        {
            Paragraphs =
            [
                $"{network} with F = {config.Network.Channels}, {config.Training.Steps} steps of {config.Training.Batch} "
                    + $"samples per modality, {Count(seeds, "seed")}, {Count(folds, "fold")}; judged on "
                    + $"{(plan.Judged == JudgedCases.Test ? "held-out test" : "each fold's validation")} cases with the last "
                    + "weights. A case that several seeds judged counts once, with its mean.",
                .. MissingNote(),
            ],
            Tables =
            [
                new ReportTable(
                    "",
                    [
                        "variant",
                        "what is shared",
                        "parameters",
                        .. modalities.Select(m => $"Dice {m}"),
                        "mean Dice over runs",
                        "training, min",
                    ],
                    [
                        .. variants.Select(variant =>
                            (IReadOnlyList<string>)
                                [
                                    variant.Name,
                                    variant.Summary,
                                    variant.Jobs[0].Result.Parameters.ToString("N0", CultureInfo.InvariantCulture),
                                    .. modalities.Select(m => ScoreSections.Text(variant.Over(Dice, m, null), 3)),
                                    ScoreSections.Text(variant.OverJobs, 3),
                                    (variant.MeanSeconds / 60).ToString("F1", CultureInfo.InvariantCulture),
                                ]
                        ),
                    ]
                ),
            ],
        };
    }

    private LearningCurves Curves =>
        new(Score.MeanDice, "Mean Dice", [.. variants.Select(variant => (variant.Name, RunsOf(variant)))]);

    private static IReadOnlyList<(long, IReadOnlyList<MetricRecord>)> RunsOf(VariantScores variant) =>
        [.. variant.Jobs.Select(job => (job.Job.Seed, job.Records))];

    private ReportSection Boxes() =>
        new("Dice by organ") { Pictures = [.. modalities.Select(modality => ReportCharts.Boxes(variants, organs, modality))] };

    /// <summary>
    /// The matrices that the distillation aligns, of a variant's first job: at its first, a middle and its last validation.
    /// </summary>
    private ReportSection Distributions() =>
        new("Class distributions")
        {
            Paragraphs =
            [
                "Softened mean prediction (rows sum to 1) over the pixels of each true class in one training batch: what "
                    + "the distillation aligns between the modalities. First seed; first, middle and last validation.",
            ],
            Matrices =
            [
                .. from variant in variants
                where variant.Name is "joint-norm" or "ummkd"
                let records = variant
                    .Jobs[0]
                    .Records.Where(record =>
                        record.Values.Any(value => value.Key.StartsWith(UmmkdMethod.DistributionPrefix, StringComparison.Ordinal))
                    )
                    .ToArray()
                from index in new[] { 0, records.Length / 2, records.Length - 1 }.Distinct()
                where index >= 0 && index < records.Length
                from modality in modalities
                let values = records[index].Values.ToDictionary(value => value.Key, value => value.Value)
                select new ReportMatrix(
                    $"{variant.Name}, {modality}, step {records[index].Step}",
                    dataset.ClassNames,
                    [.. dataset.ClassNames.Select(trueClass => Row(values, modality, trueClass))]
                ),
            ],
        };

    private double[]? Row(Dictionary<string, double> values, string modality, string trueClass)
    {
        string prefix = $"{UmmkdMethod.DistributionPrefix}{modality}/{trueClass}/";
        return values.ContainsKey(prefix + trueClass) ? [.. dataset.ClassNames.Select(c => values[prefix + c])] : null;
    }

    /// <summary>The median and the worst case of each modality, by mean Dice.</summary>
    private ReportSection Overlays() =>
        new("Median and worst cases")
        {
            Paragraphs = ["By mean Dice over organs, first seed that judged the case: image, reference, prediction."],
            Pictures =
            [
                .. from variant in variants
                let rows = OverlayRows(variant)
                where rows.Count > 0
                select new ReportPicture(variant.Name, $"cases-{variant.Name}.png", OverlayPicture.Render(rows, organs)),
            ],
        };

    /// <summary>What the method itself says of its runs, and shows of the first.</summary>
    private ReportSection Findings()
    {
        string[] names = [.. variants.SelectMany(variant => variant.Findings.Keys).Distinct()];
        return new ReportSection("What the method finds in its runs")
        {
            Paragraphs = ["Mean and population deviation over runs; pictures are of the first seed."],
            Tables =
            [
                new ReportTable(
                    "",
                    ["variant", .. names],
                    [
                        .. from variant in variants
                        where variant.Findings.Count > 0
                        select (IReadOnlyList<string>)
                            [variant.Name, .. names.Select(name => Text(variant.Findings.GetValueOrDefault(name)))],
                    ]
                ),
            ],
            Pictures = [.. variants.SelectMany(variant => PicturesOf(variant.Jobs[0].Job.Variant, variant.Jobs[0].Pictures))],
        };
    }

    private static string Text(RunScores? scores) => scores is null ? "n/a" : ScoreSections.Text(ScoreSummary.Of(scores.Runs), 3);

    private List<OverlayRow> OverlayRows(VariantScores variant)
    {
        var rows = new List<OverlayRow>();
        foreach (string modality in modalities)
        {
            string[] ordered =
            [
                .. variant
                    .Cases(Dice, modality, null)
                    .OrderBy(entry => entry.Value)
                    .ThenBy(entry => entry.Key, StringComparer.Ordinal)
                    .Select(entry => entry.Key),
            ];
            // A modality whose cases show no organ at all has no score.
            foreach (
                (string id, string place) in ordered.Length == 0
                    ? []
                    : new[] { (ordered[ordered.Length / 2], "median"), (ordered[0], "worst") }.DistinctBy(entry => entry.Item1)
            )
                rows.Add(Row(variant, modality, id, place));
        }

        return rows;
    }

    private OverlayRow Row(VariantScores variant, string modality, string id, string place)
    {
        FinishedJob job = variant.Jobs.First(j => j.Report.Cases.Any(c => c.Id == id));
        double dice = variant.Cases(Dice, modality, null)[id];
        DatasetCase source = dataset.Cases.Concat(dataset.TestCases).First(c => c.Id == id);
        LoadedCase loaded = CaseReader.Read(source, dataset.ClassNames);
        Volume<byte> prediction = NiftiFile
            .Open(Path.Combine(plan.RunPath(job.Job), VolumeExperimentData.PredictionsName, $"{id}.nii.gz"))
            .ToLabelVolume();
        return new OverlayRow(
            string.Create(CultureInfo.InvariantCulture, $"{modality} {id}, {place}, Dice {dice:F3}"),
            loaded.Images[0],
            loaded.Labels is { } labels ? IgnoredVoxels.Mask(prediction, labels).Reference : null,
            prediction
        );
    }
}
