using UnpairedSegEngine.Imaging.Metrics;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Experiments;

/// <summary>The scores of a variant by case: a case that several seeds judged counts once, with its mean.</summary>
internal sealed class VariantScores(MethodVariant variant, IReadOnlyList<FinishedJob> jobs)
{
    public string Name => variant.Name;

    /// <summary>One line for a person.</summary>
    public string Summary => variant.Summary;

    public IReadOnlyList<FinishedJob> Jobs => jobs;

    public double MeanSeconds => jobs.Average(job => job.Result.Seconds);

    /// <summary>Mean Dice over organs and modalities of each job: how much the seed (and fold) matters.</summary>
    public ScoreSummary OverJobs => ScoreSummary.Of([.. jobs.Select(job => job.Report.OverallDice)]);

    /// <summary>What the method found in each run, by name.</summary>
    public IReadOnlyDictionary<string, RunScores> Findings =>
        jobs.SelectMany(job => job.Findings.Keys)
            .Distinct()
            .ToDictionary(
                name => name,
                name =>
                    RunScores.Over(jobs.Select(job => job.Findings.TryGetValue(name, out double value) ? value : (double?)null))
            );

    /// <summary>
    /// The value of each case of a modality; of an organ, or the mean over organs where it is null. Cases without the score are
    /// left out.
    /// </summary>
    public IReadOnlyDictionary<string, double> Cases(string metric, string modality, string? organ)
    {
        Func<StructureScores, double?> value = StructureScores.Metrics.Single(m => m.Name == metric).Value;
        return (
            from job in jobs
            from result in job.Report.Cases
            where result.Modality == modality
            let score = organ is null ? result.Scores.Values.Select(value).Average() : value(result.Scores[organ])
            where score is not null
            group score.Value by result.Id
        ).ToDictionary(group => group.Key, group => group.Average());
    }

    /// <summary>The same for each seed: the mean over organs of each case.</summary>
    public IReadOnlyDictionary<long, IReadOnlyDictionary<string, double>> BySeed(string metric, string modality) =>
        jobs.GroupBy(job => job.Job.Seed)
            .ToDictionary(seed => seed.Key, seed => new VariantScores(variant, [.. seed]).Cases(metric, modality, null));

    public ScoreSummary Over(string metric, string modality, string? organ) =>
        ScoreSummary.Of([.. Cases(metric, modality, organ).Values.Select(v => (double?)v)]);

    /// <summary>
    /// Judgements of a modality's cases, and how many of them missed an organ or hallucinated it: every seed's counts, so that no
    /// lucky one hides it.
    /// </summary>
    public PresenceCounts Presence(string modality, string? organ)
    {
        StructurePresence[] found =
        [
            .. from job in jobs
            from result in job.Report.Cases
            where result.Modality == modality
            from score in result.Scores
            where organ is null || score.Key == organ
            select score.Value.Presence,
        ];
        return new PresenceCounts(
            found.Count(p => p == StructurePresence.Missed),
            found.Count(p => p == StructurePresence.Hallucinated),
            found.Count(p => p != StructurePresence.Absent)
        );
    }
}
