using System.Globalization;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Experiments;

/// <summary>A score of validations during training, by variant.</summary>
/// <param name="score">Its name in records.</param>
/// <param name="quantity">The score, for a person.</param>
/// <param name="variants">Names, and the seed and the records of each run.</param>
internal sealed class LearningCurves(
    string score,
    string quantity,
    IReadOnlyList<(string Name, IReadOnlyList<(long Seed, IReadOnlyList<MetricRecord> Records)> Runs)> variants
)
{
    /// <summary>Rows of a table, at most; there may be many more validations.</summary>
    private const int MostRows = 12;

    /// <summary>The curves, and the same as a table.</summary>
    public ReportSection Section() =>
        new("Training")
        {
            Tables =
            [
                new ReportTable(
                    $"{quantity} of what is validated during training, mean and population deviation over runs",
                    ["step", .. variants.Select(variant => variant.Name)],
                    [
                        .. Rows(variants.SelectMany(variant => variant.Runs).SelectMany(run => Points(run.Records).Keys))
                            .Select(step =>
                                (IReadOnlyList<string>)
                                    [
                                        step.ToString(CultureInfo.InvariantCulture),
                                        .. variants.Select(variant =>
                                            ScoreSections.Text(
                                                ScoreSummary.Of([
                                                    .. variant.Runs.Select(run =>
                                                        Points(run.Records).TryGetValue(step, out double value)
                                                            ? value
                                                            : (double?)null
                                                    ),
                                                ]),
                                                3
                                            )
                                        ),
                                    ]
                            ),
                    ]
                ),
            ],
            Pictures =
            [
                ReportCharts.TrainingCurves(
                    [.. variants.Select(variant => (variant.Name, variant.Runs.SelectMany(run => run.Records)))],
                    score,
                    quantity
                ),
            ],
        };

    /// <summary>Two variants at the steps at which both were validated: by seed, all cases together.</summary>
    public IReadOnlyList<(long Step, ComparedScores Scores)> AtEqualSteps(string first, string second)
    {
        var (a, b) = (BySeed(first), BySeed(second));
        return
        [
            .. Rows(a.SelectMany(seed => seed.Value.Keys).Intersect(b.SelectMany(seed => seed.Value.Keys)))
                .Select(step => (step, new ComparedScores("", At(a, step), At(b, step)))),
        ];

        static IReadOnlyDictionary<long, IReadOnlyDictionary<string, double>> At(
            IReadOnlyDictionary<long, IReadOnlyDictionary<long, double>> seeds,
            long step
        ) =>
            seeds
                .Where(seed => seed.Value.ContainsKey(step))
                .ToDictionary(
                    seed => seed.Key,
                    seed => (IReadOnlyDictionary<string, double>)new Dictionary<string, double> { [""] = seed.Value[step] }
                );
    }

    /// <summary>By seed and step, the mean over the folds.</summary>
    private Dictionary<long, IReadOnlyDictionary<long, double>> BySeed(string variant) =>
        variants
            .Single(one => one.Name == variant)
            .Runs.GroupBy(run => run.Seed)
            .ToDictionary(
                runs => runs.Key,
                runs =>
                    (IReadOnlyDictionary<long, double>)
                        runs.SelectMany(run => Points(run.Records))
                            .GroupBy(point => point.Key)
                            .ToDictionary(points => points.Key, points => points.Average(point => point.Value))
            );

    private Dictionary<long, double> Points(IReadOnlyList<MetricRecord> records) =>
        (
            from record in records
            from value in record.Values
            where value.Key == score && double.IsFinite(value.Value)
            select (record.Step, value.Value)
        ).ToDictionary(point => point.Step, point => point.Value);

    /// <summary>The last step, and others at equal distances.</summary>
    private static long[] Rows(IEnumerable<long> steps)
    {
        long[] all = [.. steps.Distinct().Order()];
        int every = Math.Max(1, (all.Length + MostRows - 1) / MostRows);
        return [.. all.Where((_, i) => (all.Length - 1 - i) % every == 0)];
    }
}
