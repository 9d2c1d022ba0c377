using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Training.Batches;

/// <summary>What a sample has of a tensor.</summary>
/// <param name="Name">By which a method asks for it, such as "images".</param>
/// <param name="Shape">Without the axis of samples.</param>
/// <param name="DType">float32, float64 or uint8.</param>
public sealed record TensorKind(string Name, Shape Shape, DType DType);
