using System.Globalization;
using System.Text;
using System.Text.Json;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Cli.Inspectors;

/// <summary>Lists the cases of a dataset after checking every one as training would.</summary>
internal sealed class DatasetInspector : IInspector
{
    private readonly SegmentationDataset dataset;
    private readonly CaseSummary[] cases;

    public DatasetInspector(string path)
    {
        dataset = SegmentationDataset.Open(path);
        cases = [.. dataset.Cases.Concat(dataset.TestCases).Select(Summarize)];
    }

    public string ToJson() => JsonSerializer.Serialize(
        new { dataset.Name, dataset.Folder, Modalities = dataset.Modalities.Select(m => m.Name), Classes = dataset.ClassNames, Cases = cases }, IInspector.Format);

    public string ToText()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{dataset.Name}: {cases.Length} cases, classes {string.Join(", ", dataset.ClassNames)}");
        foreach (CaseSummary c in cases)
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"{c.Id,-16} {c.Modality,-4} {string.Join(" x ", c.Shape),-16} {string.Join(" x ", c.Spacing.Select(s => s.ToString("G4", CultureInfo.InvariantCulture))),-22} mm {c.Orientation}  voxels per class {(c.Voxels is null ? "unlabelled" : string.Join(", ", c.Voxels))}");
        }

        return text.ToString().TrimEnd();
    }

    private CaseSummary Summarize(DatasetCase source)
    {
        LoadedCase loaded = source.LabelPath is null ? CaseReader.ReadUnlabelled(source.ImagePath, source.Modality) : CaseReader.Read(source, dataset.ClassNames);
        Geometry grid = loaded.Image.Geometry;
        long[]? voxels = loaded.Labels is null ? null
            : [.. Enumerable.Range(0, dataset.ClassNames.Count).Select(c => loaded.Labels.Voxels.LongCount(v => v == c))];
        return new CaseSummary(
            source.Id, source.Modality.Name, [grid.X, grid.Y, grid.Z], [grid.Spacing.X, grid.Spacing.Y, grid.Spacing.Z], grid.AxisCodes, voxels);
    }

    private sealed record CaseSummary(string Id, string Modality, int[] Shape, double[] Spacing, string Orientation, long[]? Voxels);
}
