using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Training;

/// <summary>
/// The work of one step: parts that a device computes, with decisions of the host between them. A part gives operations to the
/// backend and never waits for results, so that it can be recorded once and replayed; a decision reads what a part left, says
/// what the losses are, and may load numbers that the next part reads. A part may change parameters only after a decision.
/// </summary>
/// <param name="device">Where the parts compute.</param>
public abstract class StepPlan(Device device) : IDisposable
{
    private readonly List<Tensor> exchanged = [];

    /// <summary>In the order in which they run.</summary>
    public abstract IReadOnlyList<StepPart> Parts { get; }

    /// <summary>
    /// A step begins, which need not be the one that the plan was made for. Decisions may load numbers that follow from it.
    /// </summary>
    /// <param name="step">Its number, from 1.</param>
    public virtual void Begin(long step) { }

    /// <summary>Frees what host and device exchange.</summary>
    public virtual void Dispose()
    {
        exchanged.ForEach(tensor => tensor.Dispose());
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// A copy of a part's result that decisions read. How many there are may be known in the part only; what is exchanged stays
    /// lent until the plan ends.
    /// </summary>
    /// <param name="backend">Computes the part.</param>
    /// <param name="value">Lives as long as the part.</param>
    protected Tensor LeftForHost(Backend backend, Tensor value)
    {
        Tensor left = Exchange(value.Shape, value.DType);
        backend.Affine(value, 1, 0, left);
        return left;
    }

    /// <summary>A tensor that decisions read or load: it outlives the parts, which share their memory.</summary>
    protected Tensor Exchange(Shape shape, DType type)
    {
        Tensor tensor = Tensor.Allocate(device, shape, type).Detach();
        exchanged.Add(tensor);
        return tensor;
    }
}

/// <summary>A part of a step.</summary>
/// <param name="Compute">Gives operations to the backend. Tensors live in the scope that is open.</param>
/// <param name="Decide">Then the host's decision: the losses that are known by now; null where there is nothing to
/// decide.</param>
public sealed record StepPart(Action Compute, Func<LossReport>? Decide = null);
