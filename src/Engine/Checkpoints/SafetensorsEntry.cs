using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Checkpoints;

/// <summary>One array as the header of a safetensors file describes it.</summary>
/// <param name="Name">The array's name.</param>
/// <param name="DType">Element type.</param>
/// <param name="Shape">Extents, slowest first.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">Byte after the last one.</param>
public sealed record SafetensorsEntry(string Name, DType DType, Shape Shape, long Begin, long End);
