using System.Globalization;
using System.Text;
using System.Text.Json;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Cli.Inspectors;

/// <summary>Reads every file of a run folder that something depends on: what they say together, and all that is wrong.</summary>
internal sealed class RunInspector : IInspector
{
    private readonly string path;
    private readonly List<Finding> findings = [];
    private readonly RunFolder? run;
    private readonly RunProvenance? provenance;
    private readonly IReadOnlyList<MetricRecord> metrics = [];
    private readonly CheckpointInspector checkpoints;

    public RunInspector(string path)
    {
        this.path = path;
        run = Try(() => RunFolder.Open(path));
        checkpoints = new CheckpointInspector(Path.Combine(path, TrainingCheckpointFolder));
        findings.AddRange(checkpoints.Findings);
        if (checkpoints.Count == 0)
            findings.Add(Finding.Warning($"'{path}': has no checkpoint yet"));
        Try(() => run?.Info);
        Try<object>(() => ClassifierDescription.IsIn(path) ? ClassifierDescription.Read(path) : run?.ReadModel() ?? (object)path);
        provenance = Try(() => RunProvenance.Find(path));
        if (run is null)
            return;
        metrics = File.Exists(run.MetricsJsonPath) ? Try(() => MetricsLog.Read(run)) ?? [] : [];
        if (metrics.Count == 0)
            findings.Add(Finding.Warning($"'{run.MetricsJsonPath}': no metrics are logged"));
        if (provenance is { } known && !Directory.Exists(known.Data.Folder))
            findings.Add(
                Finding.Warning($"the data of the run are no longer in '{known.Data.Folder}': name the new place with --data")
            );
    }

    private const string TrainingCheckpointFolder = Segmentation.Inference.TrainedModel.CheckpointsName;

    public IReadOnlyList<Finding> Findings => [.. findings.OrderBy(finding => finding.Severity)];

    private long StepsLogged => metrics.Count == 0 ? 0 : metrics[^1].Step;

    public string ToJson() =>
        JsonSerializer.Serialize(
            new
            {
                Folder = path,
                Method = run?.Config.Definition.Name,
                Steps = run?.Config.Training.Steps,
                StepsLogged,
                LastCheckpoint = checkpoints.LastStep,
                Data = provenance?.Data.Folder,
                Checkpoints = checkpoints.Rows,
                Problems = IInspector.Messages(Findings, Severity.Error),
                Findings = IInspector.Json(Findings),
            },
            IInspector.Format
        );

    public string ToText()
    {
        var text = new StringBuilder();
        if (run is not null)
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"run of {run.Config.Definition.Name}: {StepsLogged} of {run.Config.Training.Steps} steps logged, checkpoint of step {checkpoints.LastStep}"
            );
        if (provenance is not null)
            text.AppendLine($"data {provenance.Data.Folder}");
        foreach (string line in checkpoints.Lines)
            text.AppendLine(line);
        IInspector.AppendWarnings(text, Findings);
        return text.Append(IInspector.Count(Findings)).ToString();
    }

    private T? Try<T>(Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (CaseByCase.IsBadData(e))
        {
            findings.Add(Finding.Error(e.Message));
            return null;
        }
    }
}
