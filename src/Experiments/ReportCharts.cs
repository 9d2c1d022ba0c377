using System.Text;
using ScottPlot;
using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Experiments;

/// <summary>The charts of a report, as SVG.</summary>
internal static class ReportCharts
{
    private const int Width = 1100;
    private const int Height = 420;

    private static readonly IPalette Colours = new ScottPlot.Palettes.Category10();

    /// <summary>A score of validations over the steps, a curve per variant (mean over its jobs).</summary>
    /// <param name="variants">Names, and what their jobs recorded.</param>
    /// <param name="score">In records.</param>
    /// <param name="quantity">The score, for a person.</param>
    public static ReportPicture TrainingCurves(
        IReadOnlyList<(string Name, IEnumerable<MetricRecord> Records)> variants,
        string score,
        string quantity
    )
    {
        using var plot = new Plot();
        for (int i = 0; i < variants.Count; i++)
        {
            (double Step, double Dice)[] points =
            [
                .. from record in variants[i].Records
                from value in record.Values
                where value.Key == score && double.IsFinite(value.Value)
                group value.Value by record.Step into step
                orderby step.Key
                select ((double)step.Key, step.Average()),
            ];
            if (points.Length == 0)
                continue;
            var line = plot.Add.Scatter(
                points.Select(p => p.Step).ToArray(),
                points.Select(p => p.Dice).ToArray(),
                Colours.GetColor(i)
            );
            (line.LegendText, line.LineWidth, line.MarkerSize) = (variants[i].Name, 2, 5);
        }

        plot.Axes.SetLimitsY(0, 1);
        return Finish(
            plot,
            $"{quantity} of what is validated during training, mean over seeds and folds.",
            "training-curves.svg",
            "step",
            quantity
        );
    }

    /// <summary>A box per variant and organ: quartiles of a modality's cases, whiskers to the extremes.</summary>
    public static ReportPicture Boxes(IReadOnlyList<VariantScores> variants, IReadOnlyList<string> organs, string modality)
    {
        using var plot = new Plot();
        double pitch = variants.Count + 1.5;
        for (int i = 0; i < variants.Count; i++)
        {
            var boxes = new List<Box>();
            for (int organ = 0; organ < organs.Count; organ++)
            {
                double[] values = [.. variants[i].Cases("dice", modality, organs[organ]).Values.Order()];
                if (values.Length > 0)
                {
                    boxes.Add(
                        new Box
                        {
                            Position = (organ * pitch) + i,
                            BoxMin = Quantile(values, 0.25),
                            BoxMiddle = Quantile(values, 0.5),
                            BoxMax = Quantile(values, 0.75),
                            WhiskerMin = values[0],
                            WhiskerMax = values[^1],
                        }
                    );
                }
            }

            var group = plot.Add.Boxes(boxes);
            (group.LegendText, group.FillColor) = (variants[i].Name, Colours.GetColor(i).WithAlpha(0.65));
        }

        plot.Axes.Bottom.SetTicks([.. organs.Select((_, organ) => (organ * pitch) + ((variants.Count - 1) / 2.0))], [.. organs]);
        plot.Axes.SetLimitsY(0, 1);
        return Finish(
            plot,
            $"Dice of the {modality} cases by organ: quartiles, whiskers to the best and the worst case.",
            $"boxes-{modality}.svg",
            "",
            "Dice"
        );
    }

    /// <summary>A mean difference per variant with its interval, and a line where there is none.</summary>
    /// <param name="group">What was judged, such as a modality.</param>
    /// <param name="variants">Names, means and intervals; both null where there is nothing to compare.</param>
    /// <param name="quantity">The difference, for a person.</param>
    public static ReportPicture Differences(
        string group,
        IReadOnlyList<(string Name, double? Mean, (double Low, double High)? Interval)> variants,
        string quantity
    )
    {
        using var plot = new Plot();
        plot.Add.VerticalLine(0, 1, Colors.Gray);
        for (int i = 0; i < variants.Count; i++)
        {
            // The first variant stands at the top, as in the table.
            double row = variants.Count - 1 - i;
            if (variants[i].Interval is var (low, high))
                (plot.Add.Line(low, row, high, row)).LineWidth = 2;
            if (variants[i].Mean is { } mean)
                plot.Add.Marker(mean, row, MarkerShape.FilledCircle, 9, Colours.GetColor(0));
        }

        plot.Axes.Left.SetTicks(
            [.. variants.Select((_, i) => (double)(variants.Count - 1 - i))],
            [.. variants.Select(variant => variant.Name)]
        );
        plot.Axes.SetLimitsY(-0.7, variants.Count - 0.3);
        return Finish(plot, $"{quantity}, {group}: means and 95 % intervals.", $"differences-{group}.svg", quantity, "");
    }

    private static double Quantile(double[] sorted, double share)
    {
        double rank = share * (sorted.Length - 1);
        int below = (int)rank;
        return below + 1 < sorted.Length ? sorted[below] + ((rank - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
    }

    private static ReportPicture Finish(Plot plot, string caption, string name, string x, string y)
    {
        if (PlotFont.Family is string font)
        {
            plot.XLabel(x);
            plot.YLabel(y);
            plot.ShowLegend(Edge.Right);
            plot.Font.Set(font);
            plot.Legend.FontName = font;
        }
        else
        {
            plot.HideLegend();
        }

        return new ReportPicture(caption, name, Encoding.UTF8.GetBytes(plot.GetSvgXml(Width, Height)));
    }
}
