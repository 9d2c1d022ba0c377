using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using UnpairedSegEngine.Imaging.Metrics;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>
/// An evaluation as JSON, CSV or Markdown; each names the definitions of its scores, the tolerance and what holds for empty
/// masks.
/// </summary>
public static class EvaluationFiles
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>
    /// All of it, with keys mean_dice, overall_dice, dice, summary, cases, failed, definitions, empty_masks and tolerance_mm.
    /// </summary>
    public static void WriteJson(EvaluationReport report, string path)
    {
        var definitions = StructureScores.Metrics.ToDictionary(metric => metric.Name, metric => metric.Definition);
        JsonFile.Write(
            path,
            new
            {
                report.MeanDice,
                report.OverallDice,
                report.Dice,
                report.Summary,
                report.Cases,
                report.Failed,
                definitions,
                EmptyMasks = StructureScores.EmptyPolicy,
                report.ToleranceMm,
            },
            Format
        );
    }

    /// <summary>Reads back what <see cref="WriteJson"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file is missing or no such report.</exception>
    public static EvaluationReport ReadJson(string path)
    {
        Stored stored = JsonFile.Read<Stored>(path, Format);
        if (stored.Cases is not { Count: > 0 } cases)
            throw new InvalidDataException($"'{path}': an evaluation report without cases");
        int broken = cases.ToList().FindIndex(result => !IsComplete(result, cases[0]));
        return broken < 0
            ? new EvaluationReport(cases, [.. cases[0].Scores.Keys], stored.ToleranceMm) { Failed = stored.Failed ?? [] }
            : throw new InvalidDataException(
                $"'{path}': cases[{broken}] lacks its id, its modality or the scores of an organ, or has an odd one"
            );
    }

    /// <remarks>Predictions are found by the case's name, so it must be that of a file.</remarks>
    private static bool IsComplete(CaseResult? result, CaseResult? first) =>
        result is { Id: not null, Modality: not null, Scores: not null }
        && FileName.IsPlain(result.Id)
        && first?.Scores is { } organs
        && result.Scores.Count == organs.Count
        && organs.Keys.All(organ =>
            result.Scores.TryGetValue(organ, out StructureScores? scores) && scores is not null && Enum.IsDefined(scores.Presence)
        );

    /// <summary>A row per case and organ; a score that does not exist is an empty field.</summary>
    public static void WriteCsv(EvaluationReport report, string path) =>
        AtomicFile.WriteText(
            path,
            writer =>
            {
                writer.WriteLine(CsvHeader);
                foreach (string row in CsvRows(report))
                    writer.WriteLine(row);
            }
        );

    /// <summary>Names of the columns of <see cref="CsvRows"/>.</summary>
    internal static string CsvHeader =>
        string.Join(
            ',',
            [
                "case",
                "modality",
                "organ",
                "presence",
                .. StructureScores.Metrics.Select(m => m.Name),
                "predicted_ml",
                "reference_ml",
            ]
        );

    internal static IEnumerable<string> CsvRows(EvaluationReport report) =>
        from result in report.Cases
        from organ in result.Scores
        select string.Join(
            ',',
            [
                TableText.CsvField(result.Id),
                TableText.CsvField(result.Modality),
                TableText.CsvField(organ.Key),
                organ.Value.Presence.ToString().ToLowerInvariant(),
                .. StructureScores
                    .Metrics.Select(m => m.Value(organ.Value))
                    .Append(organ.Value.PredictedMl)
                    .Append(organ.Value.ReferenceMl)
                    .Select(v => v?.ToString("R", CultureInfo.InvariantCulture) ?? ""),
            ]
        );

    /// <summary>A table per modality: mean and deviation of each score by organ.</summary>
    public static void WriteMarkdown(EvaluationReport report, string path) =>
        AtomicFile.WriteText(
            path,
            writer =>
            {
                foreach (string modality in report.Modalities)
                {
                    writer.WriteLine(
                        $"## {TableText.MarkdownCell(modality)}, {report.Cases.Count(c => c.Modality == modality)} cases\n"
                    );
                    writer.WriteLine(
                        $"| organ | {string.Join(" | ", StructureScores.Metrics.Select(m => m.Heading))} | missed | "
                            + "hallucinated | absent |"
                    );
                    writer.WriteLine($"|---|{string.Concat(StructureScores.Metrics.Select(_ => "---:|"))}---:|---:|---:|");
                    foreach (string organ in report.Organs)
                    {
                        OrganSummary summary = report.Summary[modality][organ];
                        writer.WriteLine(
                            $"| {TableText.MarkdownCell(organ)} | {string.Join(" | ", StructureScores.Metrics.Select(m => Text(summary.Scores[m.Name])))} | {summary.Missed} | {summary.Hallucinated} | {summary.Absent} |"
                        );
                    }

                    writer.WriteLine(
                        string.Create(CultureInfo.InvariantCulture, $"\nMean Dice over organs: {report.MeanDice[modality]:F3}\n")
                    );
                }

                if (report.Failed.Count > 0)
                    writer.WriteLine(
                        "Left out, because they could not be read: "
                            + $"{string.Join(", ", report.Failed.Select(failed => failed.Id))}.\n"
                    );
                writer.WriteLine(
                    "Mean and population deviation over the cases that have a score; of hd_mm, hd95_mm and assd_mm these "
                        + "are the found organs only: compare penalized distances.\n"
                );
                foreach (ScoreDefinition metric in StructureScores.Metrics)
                    writer.WriteLine($"- {metric.Name}: {metric.Definition}");
                writer.WriteLine($"- empty masks: {StructureScores.EmptyPolicy}");
                if (report.ToleranceMm is { } tolerance)
                    writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"- tolerance of nsd: {tolerance} mm"));
            }
        );

    private static string Text(ScoreSummary summary) =>
        summary.Mean is { } mean ? string.Create(CultureInfo.InvariantCulture, $"{mean:F3} ± {summary.Deviation:F3}") : "n/a";

    private sealed record Stored(IReadOnlyList<CaseResult> Cases, IReadOnlyList<FailedCase>? Failed, double? ToleranceMm);
}
