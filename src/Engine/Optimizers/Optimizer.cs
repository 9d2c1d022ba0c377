using UnpairedSegEngine.Autograd;
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
    /// One update by the gradients that <see cref="Tape.Backward(Variable)"/> left in the network's parameters,
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

    /// <summary>
    /// A whole training step: opens a scope for its tensors and a tape, computes the loss, walks it backwards, and makes one
    /// update.
    /// </summary>
    /// <param name="learningRate">By the schedule.</param>
    /// <param name="loss">One element, computed on the tape of the pass.</param>
    /// <returns>The loss before the update.</returns>
    /// <exception cref="ArithmeticException">The loss is NaN or infinite; nothing was changed.</exception>
    /// <exception cref="ArgumentException">The loss has more than one element, or depends on no parameter.</exception>
    /// <exception cref="InvalidOperationException">The optimizer was made without a ParameterStore.</exception>
    public double Minimize(double learningRate, Func<ForwardContext, Variable> loss)
    {
        using TensorScope scope = TensorScope.Open(Backend.Device);
        var pass = new ForwardContext(new Tape(Backend), Training: true, Step: Updates + 1);
        Variable minimized = loss(pass);
        double value = minimized.Value.ToScalar();
        if (!double.IsFinite(value))
            throw new ArithmeticException($"the loss of update {Updates + 1} is {value}");
        pass.CommitUpdates();
        pass.Tape.Backward(minimized);
        Step(learningRate);
        return value;
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
