using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd;

/// <summary>
/// A tensor in a computation that may be differentiated. Leaves (parameters) live on; what a <see cref="Tape"/> computes lives
/// for a step.
/// </summary>
public sealed partial class Variable
{
    private readonly Func<Tensor>? recompute;
    private Tensor? value;

    /// <summary>A leaf.</summary>
    /// <param name="value">Its content.</param>
    /// <param name="requiresGradient">Whether <see cref="Tape.Backward(Variable)"/> fills <see cref="Gradient"/>.</param>
    public Variable(Tensor value, bool requiresGradient = false)
        : this(value, requiresGradient, null) { }

    internal Variable(Tensor value, bool requiresGradient, Func<Tensor>? recompute)
    {
        this.value = value;
        this.recompute = recompute;
        RequiresGradient = requiresGradient;
        Shape = value.Shape;
        DType = value.DType;
    }

    /// <summary>Of the value, even where that was freed.</summary>
    public Shape Shape { get; }

    /// <summary>Of the value, even where that was freed.</summary>
    public DType DType { get; }

    /// <summary>Whether a gradient may flow here: true of trained leaves and of everything computed from them.</summary>
    public bool RequiresGradient { get; set; }

    /// <summary>The content; computed again if it was released to save memory.</summary>
    public Tensor Value =>
        value ??= (recompute ?? throw new ObjectDisposedException(nameof(Variable), $"variable {Shape} was released"))();

    /// <summary>
    /// Sum of the gradients of all backward passes since <see cref="ClearGradient"/>; only leaves have one. Owned by the
    /// variable.
    /// </summary>
    public Tensor? Gradient { get; internal set; }

    /// <summary>
    /// The tape that computed this; null for leaves, which outlive it, unless made by
    /// <see cref="Tape.Input(Tensor, bool)"/>. Operators record on it.
    /// </summary>
    public Tape? Tape { get; internal init; }

    /// <summary>Gradient collected so far in the running backward pass.</summary>
    internal Variable? Pending { get; set; }

    /// <summary>How many variables have this one as their <see cref="Pending"/> gradient.</summary>
    internal int PendingUses { get; set; }

    internal bool IsRetained { get; private set; }

    internal bool IsNeededInBackward { get; set; }

    internal bool CanRecompute => recompute is not null;

    /// <summary>Keeps the value past the backward pass, until the scope ends.</summary>
    public Variable Retain()
    {
        IsRetained = true;
        return this;
    }

    /// <summary>Frees the gradient, so that the next backward pass starts from none.</summary>
    public void ClearGradient()
    {
        Gradient?.Dispose();
        Gradient = null;
    }

    internal void Free()
    {
        value?.Dispose();
        value = null;
    }
}
