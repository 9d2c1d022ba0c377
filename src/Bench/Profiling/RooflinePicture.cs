using ScottPlot;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Bench.Profiling;

/// <summary>
/// Speed over intensity, both logarithmic: each operation that computes as a point below (or, with fewer products than its
/// formula's, above) the machine's roof.
/// </summary>
public static class RooflinePicture
{
    private const int Width = 1000;
    private const int Height = 640;
    private const double LowestIntensity = 0.5,
        HighestIntensity = 2000;

    /// <summary>Writes an SVG or a PNG, by the file's ending.</summary>
    public static void Write(string path, StepProfile profile)
    {
        using var plot = new Plot();
        double ridge = profile.PeakGFlops / profile.PeakGBytes;
        double[] intensities = [LowestIntensity, ridge, HighestIntensity];
        var roof = plot.Add.Scatter(
            intensities.Select(Math.Log10).ToArray(),
            intensities.Select(i => Math.Log10(Math.Min(profile.PeakGFlops, i * profile.PeakGBytes))).ToArray(),
            Colors.Black
        );
        (roof.LegendText, roof.LineWidth, roof.MarkerSize) = ("roof", 2, 0);
        IPalette colours = new ScottPlot.Palettes.Category10();
        int index = 0;
        foreach (IGrouping<string, ProfileRow> group in profile.BySize.Where(row => row.Flops > 0).GroupBy(row => row.Name))
        {
            var points = plot.Add.ScatterPoints(
                group.Select(row => Math.Log10(row.Flops / row.Bytes)).ToArray(),
                group.Select(row => Math.Log10(row.GFlops)).ToArray(),
                colours.GetColor(index++)
            );
            (points.LegendText, points.MarkerSize) = (group.Key, 8);
        }

        ScottPlot.TickGenerators.NumericAutomatic Ticks() =>
            new()
            {
                LabelFormatter = value => Math.Pow(10, value).ToString("G3", System.Globalization.CultureInfo.InvariantCulture),
            };
        (plot.Axes.Bottom.TickGenerator, plot.Axes.Left.TickGenerator) = (Ticks(), Ticks());
        if (PlotFont.Family is string font)
        {
            plot.XLabel("FLOP per byte");
            plot.YLabel("GFLOP/s");
            plot.ShowLegend(Alignment.LowerRight);
            plot.Font.Set(font);
            plot.Legend.FontName = font;
        }
        else
        {
            plot.HideLegend();
        }

        byte[] content = path.EndsWith(".svg", StringComparison.OrdinalIgnoreCase)
            ? System.Text.Encoding.UTF8.GetBytes(plot.GetSvgXml(Width, Height))
            : plot.GetImageBytes(Width, Height, ImageFormat.Png);
        AtomicFile.Write(path, stream => stream.Write(content));
    }
}
