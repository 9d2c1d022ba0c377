using System.Globalization;
using System.Text;
using System.Text.Json;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Cli.Inspectors;

/// <summary>Lists the cases of a dataset after checking every one as training would.</summary>
internal sealed class DatasetInspector : IInspector
{
    private readonly SegmentationDataset dataset;
    private readonly List<CaseSummary> cases = [];
    private readonly List<string> problems = [];

    public DatasetInspector(string path)
    {
        dataset = SegmentationDataset.Open(path);
        foreach (DatasetCase source in dataset.Cases.Concat(dataset.TestCases))
        {
            try
            {
                cases.Add(Summarize(source));
            }
            catch (Exception e) when (CaseByCase.IsBadData(e))
            {
                problems.Add(e.Message);
            }
        }
    }

    public IReadOnlyList<string> Problems => problems;

    public string ToJson() =>
        JsonSerializer.Serialize(
            new
            {
                dataset.Name,
                dataset.Folder,
                Modalities = dataset.Modalities.Select(m => m.Name),
                Classes = dataset.ClassNames,
                dataset.IgnoredLabel,
                dataset.Notes,
                Cases = cases,
                Problems,
            },
            IInspector.Format
        );

    public string ToText()
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"{dataset.Name}: {cases.Count + problems.Count} cases, classes {string.Join(", ", dataset.ClassNames)}"
        );
        if (dataset.IgnoredLabel is { } ignored)
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"label {ignored} is 'ignore': losses and metrics leave its voxels out, no network predicts it"
            );
        foreach (string note in dataset.Notes)
            text.AppendLine($"note: {note}");
        foreach (CaseSummary c in cases)
        {
            string voxels = c.Voxels is null ? "unlabelled" : string.Join(", ", c.Voxels);
            string left = c.IgnoredVoxels > 0 ? string.Create(CultureInfo.InvariantCulture, $", ignored {c.IgnoredVoxels}") : "";
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{c.Id, -16} {c.Modality, -4} {string.Join(" x ", c.Shape), -16} "
                    + $"{string.Join(" x ", c.Spacing.Select(s => s.ToString("G4", CultureInfo.InvariantCulture))), -22} mm "
                    + $"{c.Orientation}  voxels per class {voxels}{left}"
            );
            foreach (string note in c.Notes)
                text.AppendLine($"  note: {note}");
        }

        return text.ToString().TrimEnd();
    }

    private CaseSummary Summarize(DatasetCase source)
    {
        LoadedCase loaded = CaseReader.Read(source, dataset.ClassNames);
        Geometry grid = loaded.Image.Geometry;
        byte[]? labels = loaded.Labels?.Voxels;
        return new CaseSummary(
            source.Id,
            source.Modality.Name,
            [grid.X, grid.Y, grid.Z],
            [grid.Spacing.X, grid.Spacing.Y, grid.Spacing.Z],
            grid.AxisCodes,
            labels is null ? null : [.. Enumerable.Range(0, dataset.ClassNames.Count).Select(c => labels.LongCount(v => v == c))],
            labels?.LongCount(v => v == LabelValue.Ignored) ?? 0,
            loaded.Notes
        );
    }

    private sealed record CaseSummary(
        string Id,
        string Modality,
        int[] Shape,
        double[] Spacing,
        string Orientation,
        long[]? Voxels,
        long IgnoredVoxels,
        IReadOnlyList<string> Notes
    );
}
