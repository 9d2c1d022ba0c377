namespace UnpairedSegEngine.Export.Onnx;

/// <summary>Numbers that are part of a graph: ONNX calls them initializers.</summary>
/// <param name="Dims">Extents, slowest first.</param>
/// <param name="Values">As many float32.</param>
internal sealed record OnnxConstant(IReadOnlyList<int> Dims, float[] Values);
