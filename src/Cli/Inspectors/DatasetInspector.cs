using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Cli.Inspectors;

/// <summary>Lists the cases of a dataset, and all that is wrong with it.</summary>
internal sealed class DatasetInspector : IInspector
{
    private readonly DatasetCheck check;
    private readonly SegmentationDataset dataset;
    private readonly List<CaseSummary> cases = [];

    public DatasetInspector(string path)
    {
        check = DatasetCheck.Of(path, (of, source, loaded) => cases.Add(Summarize(of, source, loaded)));
        dataset = check.Dataset;
    }

    public IReadOnlyList<Finding> Findings => check.Findings;

    private bool HasChannels => dataset.Channels.Count > 1;

    public string ToJson() =>
        JsonSerializer.Serialize(
            new
            {
                dataset.Name,
                dataset.Folder,
                Modalities = dataset.Modalities.Select(m => m.Name),
                Classes = dataset.ClassNames,
                dataset.IgnoredLabel,
                Channels = HasChannels ? dataset.Channels.Select(channel => channel.Name) : null,
                dataset.Notes,
                Cases = cases,
                Domains = check.Domains?.Domains,
                Problems = IInspector.Messages(Findings, Severity.Error),
                Findings = IInspector.Json(Findings),
            },
            IInspector.Format
        );

    public string ToText()
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"{dataset.Name}: {dataset.Cases.Count + dataset.TestCases.Count} cases, classes {string.Join(", ", dataset.ClassNames)}"
        );
        if (HasChannels)
            text.AppendLine(CultureInfo.InvariantCulture, $"channels {Channel.Names(dataset.Channels)}");
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
            foreach (ChannelSummary channel in c.Channels ?? [])
                text.AppendLine(
                    CultureInfo.InvariantCulture,
                    $"  {channel.Name, -14} {channel.Minimum:G5} to {channel.Maximum:G5}, mean {channel.Mean:G5}"
                );
            foreach (string note in c.Notes)
                text.AppendLine($"  note: {note}");
        }

        IInspector.AppendWarnings(text, Findings);
        if (check.Domains is { } guess)
            text.AppendLine(
                $"{DatasetManifest.FileName} lacks 'domains'; check and paste this, guessed from {guess.Evidence}:\n  {guess.Line}"
            );
        return text.Append(IInspector.Count(Findings)).ToString();
    }

    private static CaseSummary Summarize(SegmentationDataset of, DatasetCase source, LoadedCase loaded)
    {
        Geometry grid = loaded.Geometry;
        byte[]? labels = loaded.Labels?.Voxels;
        return new CaseSummary(
            source.Id,
            source.Modality.Name,
            [grid.X, grid.Y, grid.Z],
            [grid.Spacing.X, grid.Spacing.Y, grid.Spacing.Z],
            grid.AxisCodes,
            labels is null ? null : [.. Enumerable.Range(0, of.ClassNames.Count).Select(c => labels.LongCount(v => v == c))],
            labels?.LongCount(v => v == LabelValue.Ignored) ?? 0,
            of.Channels.Count > 1 ? [.. loaded.Images.Zip(source.Images, ChannelSummary.Of)] : null,
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
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChannelSummary[]? Channels,
        IReadOnlyList<string> Notes
    );

    private sealed record ChannelSummary(string Name, string File, float Minimum, float Maximum, double Mean)
    {
        public static ChannelSummary Of(Volume<float> image, ChannelImage file) =>
            new(
                file.Channel.Name,
                Path.GetFileName(file.Path),
                image.Voxels.Min(),
                image.Voxels.Max(),
                image.Voxels.Average(voxel => (double)voxel)
            );
    }
}
