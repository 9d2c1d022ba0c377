using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Schedules;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Training;

/// <summary>An optimizer with what it updates and how fast.</summary>
/// <param name="name">Its name in checkpoints; empty for a method's only one.</param>
/// <param name="optimizer">Its targets are the trained parameters, in their order.</param>
/// <param name="trained">What it updates.</param>
/// <param name="schedule">Its learning rate by the step.</param>
public sealed class ModuleOptimizer(string name, IOptimizer optimizer, IReadOnlyList<Parameter> trained, ISchedule schedule)
    : IDisposable
{
    /// <summary>Its name in checkpoints; empty for a method's only one.</summary>
    public string Name => name;

    /// <summary>Updates, and owns the state that this needs.</summary>
    public IOptimizer Optimizer => optimizer;

    /// <summary>What it updates, in the optimizer's order.</summary>
    public IReadOnlyList<Parameter> Trained => trained;

    /// <summary>
    /// The largest norm that the gradients of all it updates may have together; larger ones are scaled down
    /// (<see cref="GradientClipping"/>). 0 for no limit.
    /// </summary>
    public double Clip { get; init; }

    /// <summary>Its tensors by their names in a checkpoint.</summary>
    public IEnumerable<(string Name, Tensor Value)> State =>
        optimizer.State.Select(moment => (name.Length == 0 ? moment.Name : $"{name}/{moment.Name}", moment.Value));

    /// <summary>Learning rate of a step, from 1.</summary>
    public double RateOf(long step) => schedule.At(step);

    /// <summary>Frees the optimizer's state.</summary>
    public void Dispose() => optimizer.Dispose();
}
