using System.Globalization;
using System.Text;
using System.Text.Json;
using CommandLine;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Bench;

return Parser.Default.ParseArguments<Options>(args).MapResult(Run, _ => 2);

static int Run(Options options)
{
    try
    {
        if (options.Step)
            StepBench.Run(options);
        else
            RunLayers(options);
        return 0;
    }
    catch (ArgumentException e)
    {
        Console.Error.WriteLine($"Layers.Bench: {e.Message}");
        return 2;
    }
}

static void RunLayers(Options options)
{
    using var threads = new CpuThreads(options.Threads);
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"FMA peak {ProcessorPeaks.MultiplyAdd(threads):F0} GFLOP/s with {options.Threads} threads, {SimdLevels.Best}; FLOPs without taps in the padding, best of {options.Seconds} s each"));
    var results = new List<LayerResult>();
    foreach (LayerResult result in LayerBench.Run(options, threads))
    {
        results.Add(result);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Layer,-48} {result.Pass,-16} {result.MinimumMs,9:F3} ms (median {result.MedianMs,9:F3}) {result.GFlops,7:F1} GFLOP/s {result.PercentOfPeak,5:F1} %  {result.FlopsPerByte,7:F0} FLOP/B"));
    }

    if (options.Json is not null)
        File.WriteAllText(options.Json, JsonSerializer.Serialize(new { options.Network, options.Threads, options.Size, options.Depth, options.Channels, options.Batch, results }, new JsonSerializerOptions { WriteIndented = true }));
    if (options.Markdown is not null)
        File.WriteAllText(options.Markdown, Table(results));
}

static string Table(List<LayerResult> results)
{
    var table = new StringBuilder("| layer | forward ms | % | data gradient ms | % | weight gradient ms | % |\n|---|---|---|---|---|---|---|\n");
    foreach (IGrouping<string, LayerResult> layer in results.GroupBy(r => r.Layer))
        table.AppendLine(CultureInfo.InvariantCulture, $"| {layer.Key} | {string.Join(" | ", layer.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.MinimumMs:F2} | {r.PercentOfPeak:F0}")))} |");
    return table.ToString();
}
