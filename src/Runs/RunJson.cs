using System.Text.Json.Serialization;

namespace UnpairedSegEngine.Runs;

/// <summary>How run.json is written.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RunInfo))]
internal sealed partial class RunJson : JsonSerializerContext;
