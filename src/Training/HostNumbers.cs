using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Training;

/// <summary>Numbers that a method keeps on the host.</summary>
/// <param name="Name">In checkpoints.</param>
/// <param name="Shape">Extents, slowest first.</param>
/// <param name="Values">Change in place.</param>
public sealed record HostNumbers(string Name, Shape Shape, double[] Values);
