using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Optimizers;

/// <summary>A tensor that an optimizer updates.</summary>
/// <param name="Name">Names its state in checkpoints.</param>
/// <param name="Value">Updated in place.</param>
/// <param name="IsDecayed">Whether L2 applies.</param>
public sealed record OptimizedTensor(string Name, Tensor Value, bool IsDecayed)
{
    /// <summary>The trained parameters of a network, of which kernels decay.</summary>
    internal static IEnumerable<OptimizedTensor> Of(ParameterStore store) =>
        store.Trainable.Select(p => new OptimizedTensor(p.Name, p.Value, IsDecayed: p.Kind == ParameterKind.Kernel));
}
