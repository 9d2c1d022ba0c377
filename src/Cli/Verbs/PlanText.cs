using System.Globalization;
using Spectre.Console;
using UnpairedSegEngine.Bench.Planning;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>A plan as tables.</summary>
internal static class PlanText
{
    public static void WriteFingerprint(DatasetFingerprint fingerprint)
    {
        Table grids = NewTable(
            "modality",
            "cases",
            "spacing mm (x, y, z)",
            "voxels",
            "extent mm",
            "anisotropy",
            "classes: median ml (cases)"
        );
        foreach (ModalityFingerprint modality in fingerprint.Modalities)
            grids.AddRow([
                .. new[]
                {
                    modality.Name,
                    Text($"{modality.Cases}"),
                    Text($"{modality.Spacing[0]:0.##} x {modality.Spacing[1]:0.##} x {modality.Spacing[2]:0.##}"),
                    Text($"{modality.Size[0]:0} x {modality.Size[1]:0} x {modality.Size[2]:0}"),
                    Text($"{modality.Extent[0]:0} x {modality.Extent[1]:0} x {modality.Extent[2]:0}"),
                    Text($"{modality.Anisotropy:0.#}"),
                    string.Join(", ", modality.Classes.Select(c => Text($"{c.Name} {c.Millilitres:0.#} ({c.Cases})"))),
                }.Select(Markup.Escape),
            ]);
        WideConsole.Write(grids);

        Table intensities = NewTable("labelled voxels of", "mean", "deviation", "0.5 %", "50 %", "99.5 %", "whole images, 0.5 %");
        foreach (IntensityFingerprint of in fingerprint.Intensities)
            intensities.AddRow([
                Markup.Escape(of.Name),
                .. new[] { of.Mean, of.Deviation, of.Low, of.Median, of.High, of.ImageLow }.Select(value =>
                    Text($"{value:0.##}")
                ),
            ]);
        WideConsole.Write(intensities);
    }

    /// <summary>Settings with their reasons, and what they cost.</summary>
    public static void WriteSettings(TrainingPlan plan)
    {
        Table table = NewTable("key", "value", "reason");
        foreach (PlannedSetting setting in plan.Settings)
            table.AddRow(Markup.Escape(setting.Key), Markup.Escape(setting.Value), Markup.Escape(setting.Reason));
        WideConsole.Write(table);
        foreach (string line in plan.Costs)
            Console.WriteLine(line);
    }

    private static Table NewTable(params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string column in columns)
            table.AddColumn(Markup.Escape(column));
        return table;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
