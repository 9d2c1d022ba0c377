using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Experiments;

/// <summary>
/// The tables and pictures of an experiment: report.md, report.html (one page, nothing beside it), report.csv, pictures in
/// report/.
/// All but the training times follow from plan and data, so an interrupted experiment reports what an undisturbed one does.
/// </summary>
public abstract class ExperimentReport
{
    public const string MarkdownName = "report.md";
    public const string HtmlName = "report.html";
    public const string CsvName = "report.csv";

    private const string PictureFolder = "report";

    private protected ExperimentReport(ExperimentPlan plan, IEnumerable<ExperimentJob> finished)
    {
        Plan = plan;
        Missing = [.. plan.JudgedJobs.Except(finished)];
    }

    /// <summary>The main table, for a terminal.</summary>
    public abstract string Summary { get; }

    private protected ExperimentPlan Plan { get; }

    /// <summary>What is not in the tables.</summary>
    private protected IReadOnlyList<ExperimentJob> Missing { get; }

    private protected abstract string Title { get; }

    /// <summary>Reads what the finished jobs left.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="data">What its jobs are judged on.</param>
    /// <param name="comparison">Variants that are held against each other in a section of their own; none if null.</param>
    /// <exception cref="InvalidDataException">No job is finished, or a file is damaged.</exception>
    public static ExperimentReport Collect(ExperimentPlan plan, ExperimentData data, Comparison? comparison = null)
    {
        ExperimentJob[] finished = [.. plan.JudgedJobs.Where(job => JobResult.Exists(plan.RunPath(job)))];
        return finished.Length > 0
            ? data.Report(plan, finished, comparison)
            : throw new InvalidDataException(
                $"'{plan.Folder}': no job is finished yet; run them with: unpairedseg experiment run --out {plan.Folder}"
            );
    }

    /// <summary>
    /// By variant, group (modality) and item ("mean" for all together): the mean of the main score over what was judged, its
    /// deviation between runs, and the runs' own means.
    /// </summary>
    public abstract IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyDictionary<string, RunScores>>> Scores();

    /// <summary>Writes all files of the report.</summary>
    public void Write()
    {
        ReportSection[] sections = [.. Sections()];
        string pictures = Directory.CreateDirectory(Path.Combine(Plan.Folder, PictureFolder)).FullName;
        foreach (ReportPicture picture in sections.SelectMany(section => section.Pictures))
            AtomicFile.Write(Path.Combine(pictures, picture.FileName), stream => stream.Write(picture.Content));
        AtomicFile.WriteText(
            Path.Combine(Plan.Folder, MarkdownName),
            writer => MarkdownReport.Write(writer, Title, sections, PictureFolder)
        );
        AtomicFile.WriteText(Path.Combine(Plan.Folder, HtmlName), writer => HtmlReport.Write(writer, Title, sections));
        AtomicFile.WriteText(Path.Combine(Plan.Folder, CsvName), WriteCsv);
    }

    private protected abstract IEnumerable<ReportSection> Sections();

    private protected abstract void WriteCsv(TextWriter writer);

    /// <summary>What a variant's method shows of a run.</summary>
    private protected static IEnumerable<ReportPicture> PicturesOf(MethodVariant variant, IEnumerable<string> paths) =>
        from path in paths
        let name = Path.GetFileNameWithoutExtension(path)
        select new ReportPicture($"{variant.Name}: {name}", $"{name}-{variant.Name}.png", File.ReadAllBytes(path));

    /// <summary>A sentence on jobs that are missing; none where all are there.</summary>
    private protected IEnumerable<string> MissingNote() =>
        Missing.Count > 0 ? [$"Not finished, and not in the tables: {string.Join(", ", Missing.Select(job => job.Name))}."] : [];

    private protected static string Count(int count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";
}
