using System.Globalization;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Experiments;

/// <summary>
/// The best learning rate of each variant, searched for all in the same way: a run per variant and rate, on the first fold with a
/// seed that no judged run has, is scored by its own validations. A variant that is compared at a rate that suits another loses
/// for that alone.
/// </summary>
internal sealed class RateSearch(ExperimentPlan plan)
{
    /// <summary>One validation of one run is chance; the last ones together are less.</summary>
    private const int LastValidations = 3;

    /// <summary>The rate with the best score; the lowest of equals. Null while runs of the variant are missing.</summary>
    /// <exception cref="InvalidDataException">No rate gave a score.</exception>
    public double? Best(MethodVariant variant)
    {
        ExperimentJob[] jobs = [.. JobsOf(variant)];
        if (jobs.Length == 0 || !jobs.All(job => JobResult.Exists(plan.RunPath(job))))
            return null;
        return jobs.OrderBy(job => job.Rate).MaxBy(ScoreOf) is { } best && ScoreOf(best) is not null
            ? best.Rate
            : throw new InvalidDataException(
                $"'{plan.Folder}': {variant.Name} diverged at every rate of --search-rate; plan another experiment with lower "
                    + "rates"
            );
    }

    /// <summary>What was searched and chosen; null where nothing was.</summary>
    public ReportSection? Section()
    {
        double[] rates = [.. plan.Jobs.Select(job => job.Rate).OfType<double>().Distinct()];
        if (rates.Length == 0)
            return null;
        return new ReportSection("Learning rates")
        {
            Paragraphs =
            [
                $"Mean Dice of the last {LastValidations} validations by learning rate, one run each with a seed that is not "
                    + "judged; each variant was trained with the rate that was best for it. Where that is the "
                    + "lowest or the highest of all, a better one may lie beyond.",
            ],
            Tables =
            [
                new ReportTable(
                    "",
                    ["variant", .. rates.Select(Text), "chosen"],
                    [
                        .. plan
                            .Jobs.Where(job => job.Rate is not null)
                            .GroupBy(job => job.Variant)
                            .Select(jobs =>
                                (IReadOnlyList<string>)
                                    [
                                        jobs.Key.Name,
                                        .. jobs.Select(job =>
                                            !JobResult.Exists(plan.RunPath(job)) ? "not finished"
                                            : ScoreOf(job) is { } score ? score.ToString("F3", CultureInfo.InvariantCulture)
                                            : "diverged"
                                        ),
                                        Best(jobs.Key) is { } best ? Text(best) : "n/a",
                                    ]
                            ),
                    ]
                ),
            ],
        };
    }

    private IEnumerable<ExperimentJob> JobsOf(MethodVariant variant) =>
        plan.Jobs.Where(job => job.Rate is not null && job.Variant.Name == variant.Name);

    /// <summary>Null of a run that diverged.</summary>
    private double? ScoreOf(ExperimentJob job)
    {
        string run = plan.RunPath(job);
        if (JobResult.Read(run).Steps < plan.Config.Training.Steps)
            return null;
        double[] validations =
        [
            .. from record in MetricsLog.Read(RunFolder.Open(run))
            from value in record.Values
            where value.Key == Score.MeanDice && double.IsFinite(value.Value)
            select value.Value,
        ];
        return validations.Length == 0 ? null : validations.TakeLast(LastValidations).Average();
    }

    private static string Text(double rate) => rate.ToString(CultureInfo.InvariantCulture);
}
