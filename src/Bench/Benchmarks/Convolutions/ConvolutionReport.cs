using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace UnpairedSegEngine.Bench.Benchmarks.Convolutions;

/// <summary>
/// What <see cref="ConvolutionBench"/> measured, as tools/gpu-report.py reads it: a line of JSON per layer and pass, written when
/// it was measured, so that a run that is stopped
/// loses nothing.
/// </summary>
public sealed class ConvolutionReport : IDisposable
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly StreamWriter lines;
    private readonly string gpu;

    /// <param name="path">A file of that name is replaced.</param>
    /// <param name="gpu">What computes.</param>
    public ConvolutionReport(string path, string gpu)
    {
        this.gpu = gpu;
        lines = new StreamWriter(path) { AutoFlush = true, NewLine = "\n" };
    }

    /// <summary>Writes one line.</summary>
    public void Add(ConvolutionResult result)
    {
        JsonObject line = JsonSerializer.SerializeToNode(result, Format)!.AsObject();
        line.Insert(0, "implementation", "ours");
        line.Insert(1, "gpu", gpu);
        lines.WriteLine(line.ToJsonString(Format));
    }

    public void Dispose() => lines.Dispose();
}
