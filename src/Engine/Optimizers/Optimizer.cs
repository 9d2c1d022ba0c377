using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Optimizers;

/// <summary>What all optimizers share: their targets, and training by the gradients that a network's parameters hold.</summary>
public abstract class Optimizer : IOptimizer
{
    private readonly ParameterStore? store;

    private protected Optimizer(Backend backend, IEnumerable<OptimizedTensor> targets) =>
        (Backend, Targets) = (backend, [.. targets]);

    private protected Optimizer(Backend backend, ParameterStore store)
        : this(backend, OptimizedTensor.Of(store)) => this.store = store;

    /// <summary>Updates by <see cref="Step(double)"/> so far; to be set where a run goes on.</summary>
    public long Updates { get; set; }

    /// <summary>See <see cref="AdamSettings.RateSlot"/>: optimizers that are recorded together need one each.</summary>
    public int RateSlot { get; init; }

    /// <inheritdoc/>
    public abstract IEnumerable<(string Name, Tensor Value)> State { get; }

    private protected Backend Backend { get; }

    private protected IReadOnlyList<OptimizedTensor> Targets { get; }

    /// <summary>
    /// One update by the gradients that <see cref="Autograd.Tape.Backward(Autograd.Variable)"/> left in the network's parameters,
    /// which are then cleared.
    /// </summary>
    /// <param name="learningRate">By the schedule.</param>
    /// <exception cref="InvalidOperationException">The optimizer was made without a ParameterStore.</exception>
    public void Step(double learningRate)
    {
        if (store is null)
            throw new InvalidOperationException("this optimizer has no ParameterStore to take gradients from: pass them to Step");
        Step(Updates + 1, learningRate, store.Trainable.Select(parameter => parameter.Variable.Gradient));
        store.ClearGradients();
        Updates++;
    }

    /// <inheritdoc/>
    public abstract double RateOf(long step, double learningRate);

    /// <inheritdoc/>
    public abstract void Step(long step, double learningRate, IEnumerable<Tensor?> gradients);

    /// <inheritdoc/>
    public abstract void Step(long step, double learningRate, int target, Tensor gradient);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, Tensor value) in State)
            value.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected Tensor ZerosLike(Tensor like)
    {
        Tensor zeros = Tensor.Allocate(like.Device, like.Shape, like.DType).Detach();
        Backend.Fill(zeros, 0);
        return zeros;
    }
}
