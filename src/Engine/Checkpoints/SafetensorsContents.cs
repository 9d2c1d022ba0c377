namespace UnpairedSegEngine.Checkpoints;

/// <summary>What a safetensors file holds.</summary>
/// <param name="Arrays">The arrays in the order of their data.</param>
/// <param name="Metadata">Free text.</param>
public sealed record SafetensorsContents(IReadOnlyList<NamedArray> Arrays, IReadOnlyDictionary<string, string> Metadata);
