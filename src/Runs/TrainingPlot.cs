using ScottPlot;
using ScottPlot.Plottables;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Runs;

/// <summary>Draws the curves of a run: losses above, scores of validations below, both over the steps.</summary>
public static class TrainingPlot
{
    /// <summary>Records whose names begin so are losses.</summary>
    public const string LossPrefix = "loss/";

    /// <summary>
    /// Records whose names begin so are scores of validations, by what a person calls them. A run has one kind.
    /// </summary>
    private static readonly (string Prefix, string Name)[] Scores = [("dice/", "Dice"), ("recall/", "recall"), ("ap/", "AP")];

    private const int Width = 1000;
    private const int Height = 800;
    private const int MarkedPoints = 50;

    /// <summary>Writes a PNG.</summary>
    public static void Write(string path, IReadOnlyList<MetricRecord> records)
    {
        var plots = new Multiplot();
        plots.AddPlots(2);
        Draw(plots.GetPlot(0), "loss", records, LossPrefix);
        (string prefix, string name) = Scores.FirstOrDefault(
            kind =>
                records.Any(record => record.Values.Any(value => value.Key.StartsWith(kind.Prefix, StringComparison.Ordinal))),
            Scores[0]
        );
        Plot scores = plots.GetPlot(1);
        Draw(scores, name, records, prefix);
        scores.Axes.SetLimitsY(0, 1);
        foreach (Plot plot in plots.GetPlots())
            plot.Axes.SetLimitsX(0, Math.Max(1, records.Count == 0 ? 0 : records[^1].Step));
        byte[] png = plots.Render(Width, Height).GetImageBytes(ImageFormat.Png);
        foreach (Plot plot in plots.GetPlots())
            plot.Dispose();
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    private static void Draw(Plot plot, string quantity, IReadOnlyList<MetricRecord> records, string prefix)
    {
        foreach (
            var curve in records
                .SelectMany(record => record.Values, (record, value) => (record.Step, value.Key, value.Value))
                .Where(point => point.Key.StartsWith(prefix, StringComparison.Ordinal) && double.IsFinite(point.Value))
                .GroupBy(point => point.Key)
        )
        {
            Scatter line = plot.Add.Scatter(
                curve.Select(point => (double)point.Step).ToArray(),
                curve.Select(point => point.Value).ToArray()
            );
            line.LegendText = curve.Key[prefix.Length..];
            line.LineWidth = 2;
            // A validation is a point in time; one alone has no line.
            line.MarkerSize = curve.Count() < MarkedPoints ? 6 : 0;
        }

        if (PlotFont.Family is not string font)
        {
            plot.HideLegend();
            return;
        }

        plot.XLabel("step");
        plot.YLabel(quantity);
        plot.ShowLegend(Edge.Right);
        plot.Font.Set(font);
        plot.Legend.FontName = font;
    }
}
