using System.Globalization;
using System.Text;
using System.Text.Json;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Cli.Inspectors;

/// <summary>Lists the volumes of a folder that is no dataset.</summary>
internal sealed class FolderInspector : IInspector
{
    private readonly NiftiFolder folder;
    private readonly List<Inspection> volumes = [];
    private readonly List<Finding> findings = [];

    public FolderInspector(string path)
    {
        folder = NiftiFolder.ScanSome(path);
        foreach (NiftiFolderVolume volume in folder.Volumes)
        {
            try
            {
                volumes.Add(Inspection.Of(volume.Path));
            }
            catch (Exception e) when (CaseByCase.IsBadData(e))
            {
                findings.Add(Finding.Error(e.Message));
            }
        }
    }

    public IReadOnlyList<Finding> Findings => findings;

    public string ToJson() =>
        JsonSerializer.Serialize(
            new
            {
                Folder = folder.Path,
                Volumes = volumes,
                OtherFiles = folder.Others,
                Problems = IInspector.Messages(findings, Severity.Error),
            },
            IInspector.Format
        );

    public string ToText()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{folder.Path}: {folder.Volumes.Count} volumes");
        if (folder.Note is { } note)
            text.AppendLine($"note: {note}");
        foreach (Inspection volume in volumes)
        {
            string spacing = string.Join(" x ", volume.Spacing.Select(side => side.ToString("G4", CultureInfo.InvariantCulture)));
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{Path.GetFileName(volume.File), -28} {string.Join(" x ", volume.Shape), -16} {volume.DataType, -8} "
                    + $"{spacing, -22} mm {volume.Orientation}  {volume.Minimum:G5} to {volume.Maximum:G5}"
            );
            foreach (string line in volume.Notes)
                text.AppendLine($"  note: {line}");
        }

        return text.ToString().TrimEnd();
    }
}
