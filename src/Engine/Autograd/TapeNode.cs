using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd;

/// <summary>
/// Gradients of an operation's inputs, given that of its output; null where <paramref name="wanted"/> is false.
/// </summary>
public delegate Variable?[] BackwardRule(Variable gradient, ReadOnlySpan<bool> wanted);

/// <summary>One recorded operation.</summary>
/// <param name="Name">For error messages and profiles.</param>
/// <param name="Output">Its result.</param>
/// <param name="Inputs">What it was computed from.</param>
/// <param name="Backward">Its backward rule.</param>
/// <param name="Saved">Tensors that only the rule needs.</param>
internal sealed record TapeNode(string Name, Variable Output, Variable[] Inputs, BackwardRule Backward, Tensor[] Saved);
