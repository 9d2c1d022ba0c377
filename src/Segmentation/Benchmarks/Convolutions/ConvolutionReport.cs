using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Benchmarks.Convolutions;

/// <summary>What <see cref="ConvolutionBench"/> measured, as tools/gpu-report.py reads it.</summary>
/// <param name="Gpu">What computed.</param>
/// <param name="Results">A pass each.</param>
public sealed record ConvolutionReport(string Gpu, IReadOnlyList<ConvolutionResult> Results)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Whose convolutions.</summary>
    public string Implementation => "ours";

    /// <summary>Writes the file, or leaves the old one.</summary>
    public void WriteJson(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, Format));
}
