using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Training.Batches;

/// <summary>A batch as a method sees it, and the work that makes it from what was loaded.</summary>
/// <param name="batch">Its tensors may be allocated and not yet computed.</param>
/// <param name="compute">Gives operations to the backend and never waits.</param>
/// <param name="allocated">Those of the batch's tensors that are freed with this.</param>
public sealed class PreparedBatch(DeviceBatch batch, Action compute, params IReadOnlyList<Tensor> allocated) : IDisposable
{
    /// <summary>What the method sees.</summary>
    public DeviceBatch Batch { get; } = batch;

    /// <summary>Computes it from the tensors that are loaded at the time.</summary>
    public void Compute() => compute();

    /// <summary>Frees what was allocated.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in allocated)
            tensor.Dispose();
    }
}
