using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Checkpoints;

/// <summary>The values of a tensor as they lie in a file.</summary>
/// <param name="Name">For example "g3.rb1.conv1.kernel".</param>
/// <param name="DType">Element type.</param>
/// <param name="Shape">Extents, slowest first.</param>
/// <param name="Bytes">The elements in that order, little-endian.</param>
public sealed record NamedArray(string Name, DType DType, Shape Shape, ReadOnlyMemory<byte> Bytes);
