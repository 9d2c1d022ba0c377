using UnpairedSegEngine.Autograd;

namespace UnpairedSegEngine.Training;

/// <summary>A term of the loss of a <see cref="ComposedLossPlan"/>.</summary>
/// <param name="Name">In records and messages; each has its own.</param>
/// <param name="Value">One element, on the tape of the pass.</param>
/// <param name="Weight">What it counts in the sum that is minimized; at 0 it is reported only.</param>
public sealed record WeightedLoss(string Name, Variable Value, double Weight = 1);
