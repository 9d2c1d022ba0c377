using System.Globalization;
using System.Reflection;
using Spectre.Console;
using UnpairedSegEngine.Bench.Modelling;
using UnpairedSegEngine.Segmentation.Networks;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>A predicted step as tables.</summary>
internal static class PredictionText
{
    /// <param name="prediction">What to say.</param>
    /// <param name="bySize">A row per kernel and size instead of a row per kernel.</param>
    /// <param name="assumptions">Also what the GPU is taken to do.</param>
    public static void Write(StepPrediction prediction, bool bySize, bool assumptions)
    {
        var config = prediction.Config;
        string depth = NetworkDefinition.Of(config.Network).IsVolumetric ? $"x{config.Data.Depth}" : "",
            network = config.Network.Name.ToString().ToLowerInvariant();
        (string work, string batches) = prediction.IsOfPrediction
            ? ("prediction", $"{config.Training.Batch}")
            : ("step", $"{config.Training.Batch}+{config.Training.Batch}");
        Print(
            $"predicted for {prediction.Gpu.Product}: {Text(prediction.StepMs, "F2")} ms for a {work} of "
                + $"{network} {config.Data.Size}x{config.Data.Size}{depth}, batch {batches}, "
                + $"{prediction.Precision.ToString().ToLowerInvariant()} (+-40 %; no GPU ever ran these kernels)"
        );
        Print(
            $"{prediction.Launches} kernels {Text(prediction.KernelMs, "F2")} ms, inputs {Text(prediction.CopyMs, "F2")} ms, "
                + $"{prediction.Graphs} graphs and {prediction.HostWaits} waits of the host {Text(prediction.HostMs, "F2")} ms; "
                + $"not modelled: {Text(100 * prediction.NotModelled.Sum(row => row.Share), "F1")} %"
                + string.Concat(prediction.NotModelled.Select(row => $", {row.Name}"))
        );
        if (prediction.AsideLaunches > 0)
            Print(
                $"{prediction.AsideLaunches} of the kernels are on a second branch and save {Text(prediction.OverlapMs, "F2")} ms: "
                    + "two that leave room to each other, in multiprocessors and the memory's rate, take as long as the longer"
            );
        if (!prediction.IsOfPrediction)
            Print($"activations, gradients and workspace: {prediction.PeakBytes >> 20} MiB");
        if (!prediction.Costs.HasSurroundings)
            Print(
                $"'{prediction.Costs.Path}' has no rows of what surrounds loops: outputs and their statistics cost nothing here; "
                    + "write it anew with tools/kernel-costs.py"
            );
        Write(prediction.Families, "family", prediction);
        Write(bySize ? prediction.BySize : prediction.Kernels, "kernel", prediction);
        if (prediction.OnlyMeasured.Any())
            Print($"measured, but not launched here: {string.Join(", ", prediction.OnlyMeasured)}");
        if (assumptions)
            WriteAssumptions(prediction.Gpu);
    }

    private static void Write(IReadOnlyList<PredictedRow> rows, string what, StepPrediction prediction)
    {
        bool sizes = rows.Any(row => row.Sizes.Length > 0),
            measured = rows.Any(row => row.MeasuredMs is not null);
        var table = new Table().Border(TableBorder.Simple).AddColumn(what);
        if (sizes)
            table.AddColumn("sizes");
        foreach (
            string column in (string[])["launches", "ms", "%", .. measured ? ["measured ms", "ratio"] : Array.Empty<string>()]
        )
            table.AddColumn(column, settings => settings.RightAligned());
        table.AddColumn("mostly bound by");
        foreach (PredictedRow row in rows)
            table.AddRow([
                row.Name,
                .. sizes ? [row.Sizes] : Array.Empty<string>(),
                Text(row.Launches, "0"),
                Text(row.Ms, "0.000"),
                Text(100 * row.Share, "0.0"),
                .. measured ? [Text(row.MeasuredMs, "0.000"), Text(row.Ratio, "0.00")] : Array.Empty<string>(),
                row.Bound,
            ]);
        if (measured)
            table.AddRow([
                "all",
                "",
                Text(prediction.KernelMs, "0.000"),
                "",
                Text(prediction.MeasuredKernelMs, "0.000"),
                Text(prediction.MeasuredKernelMs / prediction.KernelMs, "0.00"),
                "",
            ]);
        WideConsole.Write(table);
    }

    private static void WriteAssumptions(GpuModel gpu)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("assumption", "value");
        foreach (PropertyInfo property in typeof(GpuModel).GetProperties(BindingFlags.Public | BindingFlags.Instance))
            table.AddRow(property.Name, string.Create(CultureInfo.InvariantCulture, $"{property.GetValue(gpu)}"));
        WideConsole.Write(table);
    }

    private static string Text(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    private static void Print(string line) => Console.WriteLine(line);
}
