using System.Globalization;
using System.Text;
using System.Text.Json;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Cli.Inspectors;

/// <summary>Reads the checkpoints of a folder, or one of them: whether files are whole and weights are numbers.</summary>
internal sealed class CheckpointInspector : IInspector
{
    private const string Safetensors = "*.safetensors";

    private readonly string path;
    private readonly List<Finding> findings = [];
    private readonly ExaminedCheckpoint[] checkpoints;

    /// <param name="path">A folder of checkpoints, or a checkpoint.</param>
    public CheckpointInspector(string path)
    {
        this.path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        checkpoints = [.. In(this.path)];
        if (checkpoints.Length == 0)
            checkpoints =
            [
                .. In(Path.GetDirectoryName(this.path) ?? this.path).Where(found => found.Checkpoint.Folder == this.path),
            ];
        foreach (ExaminedCheckpoint examined in checkpoints)
        {
            if (examined.Damage is { } damage)
                findings.Add(Finding.Error(damage));
            else
                CheckNumbers(examined.Checkpoint.Folder);
        }
    }

    public IReadOnlyList<Finding> Findings => findings;

    /// <summary>For JSON.</summary>
    public IEnumerable<object> Rows =>
        checkpoints.Select(found => new
        {
            Name = NameOf(found),
            found.Checkpoint.Step,
            Intact = found.Damage is null,
        });

    /// <summary>One line each.</summary>
    public IEnumerable<string> Lines =>
        checkpoints.Select(found =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{NameOf(found), -16} step {found.Checkpoint.Step}, {(found.Damage is null ? "intact" : "damaged")}"
            )
        );

    /// <summary>How many there are.</summary>
    public int Count => checkpoints.Length;

    /// <summary>The last step that a run can go on from; 0 where there is none.</summary>
    public long LastStep =>
        checkpoints.Where(found => found.Damage is null).Select(found => found.Checkpoint.Step).DefaultIfEmpty().Max();

    /// <summary>Whether a folder is one of these.</summary>
    public static bool IsOf(string path)
    {
        if (!Directory.Exists(path))
            return false;
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return new CheckpointStore(full).Steps().Count > 0
            || (
                Path.GetDirectoryName(full) is { } parent
                && Names(parent).Contains(Path.GetFileName(full), StringComparer.Ordinal)
            );
    }

    public string ToJson() =>
        JsonSerializer.Serialize(
            new
            {
                Folder = path,
                Checkpoints = Rows,
                Problems = IInspector.Messages(findings, Severity.Error),
                Findings = IInspector.Json(findings),
            },
            IInspector.Format
        );

    public string ToText()
    {
        var text = new StringBuilder();
        foreach (string line in Lines)
            text.AppendLine(line);
        IInspector.AppendWarnings(text, findings);
        return text.Append(IInspector.Count(findings)).ToString();
    }

    private static IReadOnlyList<ExaminedCheckpoint> In(string folder) =>
        new CheckpointStore(folder, required: TrainingCheckpoint.WeightFiles).Examine();

    private static IEnumerable<string> Names(string folder) =>
        new[] { "step-", "best-" }.SelectMany(prefix =>
            new CheckpointStore(folder).Steps().Select(step => string.Create(CultureInfo.InvariantCulture, $"{prefix}{step:D8}"))
        );

    private void CheckNumbers(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder, Safetensors).Order(StringComparer.Ordinal))
        {
            string[] bad =
            [
                .. SafetensorsFile
                    .Read(file)
                    .Arrays.Where(array =>
                        array.DType is DType.Float32 or DType.Float64 && !FiniteTensors.IsFinite(array.Bytes.Span, array.DType)
                    )
                    .Select(array => array.Name),
            ];
            if (bad.Length > 0)
                findings.Add(
                    Finding.Error(
                        $"'{file}': {bad.Length} arrays hold NaN or infinite numbers, such as {bad[0]}: go on from an earlier "
                            + "step (--resume --from STEP)"
                    )
                );
        }
    }

    private static string NameOf(ExaminedCheckpoint found) => Path.GetFileName(found.Checkpoint.Folder);
}
