using System.Text.Json.Serialization;

namespace UnpairedSegEngine.Checkpoints;

/// <summary>What a manifest knows of a file.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="XxHash128">Hash of the bytes, lower-case hexadecimal.</param>
internal sealed record ManifestEntry(long Size, string XxHash128);

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false
)]
[JsonSerializable(typeof(SortedDictionary<string, ManifestEntry>))]
internal sealed partial class ManifestJson : JsonSerializerContext;
