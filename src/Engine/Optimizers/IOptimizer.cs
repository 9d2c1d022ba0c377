using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Optimizers;

/// <summary>Updates tensors by their gradients, and owns the state that this needs.</summary>
public interface IOptimizer : IDisposable
{
    /// <summary>The state by checkpoint name.</summary>
    IEnumerable<(string Name, Tensor Value)> State { get; }

    /// <summary>The number of an update that differs from step to step: what a recorded step is given anew.</summary>
    /// <param name="step">Number of the update, from 1.</param>
    /// <param name="learningRate">By the schedule.</param>
    double RateOf(long step, double learningRate);

    /// <summary>One update.</summary>
    /// <param name="step">Number of this update, from 1.</param>
    /// <param name="learningRate">By the schedule.</param>
    /// <param name="gradients">One per target, in their order; a target without a gradient stays as it is.</param>
    void Step(long step, double learningRate, IEnumerable<Tensor?> gradients);

    /// <summary>The part of an update that is one target's, as soon as its gradient is there; each may come once in a
    /// step.</summary>
    /// <param name="step">Number of this update, from 1.</param>
    /// <param name="learningRate">By the schedule.</param>
    /// <param name="target">Its place in the optimizer's order.</param>
    /// <param name="gradient">Its gradient.</param>
    void Step(long step, double learningRate, int target, Tensor gradient);
}
