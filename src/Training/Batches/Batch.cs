using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Training.Batches;

/// <summary>What one step trains on: named tensors over the same samples, and the group (modality) of each sample.</summary>
/// <param name="groups">Of each sample.</param>
/// <param name="tensors">Each with the samples as its first axis.</param>
public class Batch(ModalityIndex groups, params IReadOnlyList<BatchTensor> tensors)
{
    /// <summary>Of each sample: the modality it was imaged with.</summary>
    public ModalityIndex Groups { get; } = groups;

    /// <summary>Each with the samples as its first axis.</summary>
    public IReadOnlyList<BatchTensor> Tensors { get; } = Checked(groups, tensors);

    /// <summary>What the device makes of the tensors before a method sees them; null where it sees them as they are.</summary>
    public IBatchPreparation? Preparation { get; init; }

    /// <exception cref="ArgumentException">The batch has no tensor of that name.</exception>
    public BatchTensor this[string name] =>
        Tensors.FirstOrDefault(tensor => tensor.Kind.Name == name) ?? throw Missing(name, Tensors.Select(t => t.Kind.Name));

    /// <summary>The batch as a method is to see it.</summary>
    /// <param name="backend">Is to compute it.</param>
    /// <param name="loaded">The tensors on the device, by name.</param>
    internal PreparedBatch Prepare(Backend backend, IReadOnlyDictionary<string, Tensor> loaded)
    {
        var batch = new DeviceBatch(Groups, loaded);
        return Preparation?.Prepare(backend, batch) ?? new PreparedBatch(batch, () => { });
    }

    internal static ArgumentException Missing(string name, IEnumerable<string> names) =>
        new($"the batch has no '{name}'; it has {string.Join(", ", names)}");

    private static IReadOnlyList<BatchTensor> Checked(ModalityIndex groups, IReadOnlyList<BatchTensor> tensors)
    {
        if (tensors.FirstOrDefault(tensor => tensor.Shape[0] != groups.Samples) is { } other)
            throw new ArgumentException(
                $"'{other.Kind.Name}' {other.Shape} has {other.Shape[0]} samples, but the batch {groups.Samples}"
            );
        return tensors;
    }
}
