using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Training.Batches;

/// <summary>A batch where it is computed with.</summary>
/// <param name="Groups">Of each sample.</param>
/// <param name="Tensors">By name.</param>
public sealed record DeviceBatch(ModalityIndex Groups, IReadOnlyDictionary<string, Tensor> Tensors)
{
    /// <exception cref="ArgumentException">The batch has no tensor of that name.</exception>
    public Tensor this[string name] =>
        Tensors.TryGetValue(name, out Tensor? tensor) ? tensor : throw Batch.Missing(name, Tensors.Keys);
}
