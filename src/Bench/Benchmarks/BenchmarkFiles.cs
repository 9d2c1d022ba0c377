using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>Results of benchmarks as files.</summary>
public static class BenchmarkFiles
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>One object with snake_case names.</summary>
    public static void WriteJson(string path, StepResult result) => WriteObject(path, result);

    /// <summary>A list of objects, by threads.</summary>
    public static void WriteJson(string path, IReadOnlyList<BatchResult> batches) => WriteObject(path, batches);

    /// <summary>A list of objects, by threads.</summary>
    public static void WriteJson(string path, IReadOnlyList<PeakResult> peaks) => WriteObject(path, peaks);

    /// <summary>Sizes, and a list of layers with what follows from their times.</summary>
    public static void WriteJson(
        string path,
        TrainingConfig config,
        int threads,
        string backend,
        IReadOnlyList<LayerResult> layers
    ) =>
        WriteObject(
            path,
            new
            {
                Mode = "layers",
                Network = config.Network.Name.ToString().ToLowerInvariant(),
                config.Network.Channels,
                config.Data.Size,
                Depth = NetworkDefinition.Of(config.Network).IsVolumetric ? config.Data.Depth : (int?)null,
                config.Training.Batch,
                Threads = threads,
                Backend = backend,
                Layers = layers,
            }
        );

    /// <summary>A row per layer and pass.</summary>
    public static void WriteCsv(string path, IEnumerable<LayerResult> layers) =>
        WriteLines(
            path,
            [
                "layer,pass,ms_min,ms_median,gflop,megabytes,gflops,gbs,percent_of_peak,bound,bound_ms,repro",
                .. layers.Select(r =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{r.Layer},{r.Pass},{r.MsMin:R},{r.MsMedian:R},{r.Gflop:R},{r.Megabytes:R},{r.Gflops:F1},{r.Gbs:F1},{r.PercentOfPeak:F1},{r.Bound},{r.BoundMs:R},{r.Repro}"
                    )
                ),
            ]
        );

    /// <summary>A row per layer: ms and percent of the multiply-add peak of each pass.</summary>
    public static void WriteMarkdown(string path, IEnumerable<LayerResult> layers) =>
        WriteLines(
            path,
            [
                "| layer | forward ms | % | data gradient ms | % | weight gradient ms | % |",
                "|---|---|---|---|---|---|---|",
                .. layers
                    .GroupBy(r => r.Layer)
                    .Select(layer =>
                        $"| {layer.Key} | {string.Join(" | ", layer.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.MsMin:F2} | {r.PercentOfPeak:F0}")))} |"
                    ),
            ]
        );

    private static void WriteObject<T>(string path, T result) => JsonFile.Write(path, result, Format);

    private static void WriteLines(string path, IEnumerable<string> lines) =>
        AtomicFile.WriteText(
            path,
            writer =>
            {
                foreach (string line in lines)
                    writer.WriteLine(line);
            }
        );
}
