using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Training.Batches;

/// <summary>
/// What a device makes of a batch's tensors before a method sees them. It belongs to a step as the method's own work does: where
/// steps are recorded, it is recorded with them.
/// </summary>
public interface IBatchPreparation
{
    /// <summary>Allocates what the method is to see; nothing is computed yet.</summary>
    /// <param name="backend">Is to compute it.</param>
    /// <param name="loaded">The tensors as they were loaded.</param>
    PreparedBatch Prepare(Backend backend, DeviceBatch loaded);
}
