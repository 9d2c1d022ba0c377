using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Training;

/// <summary>
/// The work of a step without the host's decisions, which read values: for devices that have none. What a step computes and holds
/// is known after it, in milliseconds.
/// </summary>
internal static class DryStep
{
    /// <param name="method">On a device of which only shapes count.</param>
    /// <param name="batch">Its values are not looked at.</param>
    /// <param name="number">Of the step, from 1.</param>
    public static void Run(TrainingMethod method, Batch batch, long number)
    {
        using TensorScope scope = TensorScope.Open(method.Backend.Device);
        var inputs = batch.Tensors.ToDictionary(tensor => tensor.Kind.Name, tensor => tensor.CopyTo(method.Backend.Device));
        using PreparedBatch prepared = batch.Prepare(method.Backend, inputs);
        prepared.Compute();
        using StepPlan plan = method.WholePlan(number, prepared.Batch);
        foreach (StepPart part in plan.Parts)
            part.Compute();
    }
}
