using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd;

/// <summary>
/// Records operations in the order they run, and walks them backwards. Backward rules are themselves made of operations on the
/// tape,
/// so with <c>createGraph</c> they are recorded and can be differentiated again. One tape serves one step.
/// </summary>
/// <param name="backend">Computes the operations.</param>
/// <param name="recording">False for inference: nothing is recorded and released variables are freed at once.</param>
public sealed class Tape(Backend backend, bool recording = true)
{
    private readonly List<TapeNode> nodes = [];
    private bool inBackward;

    /// <summary>Computes the operations.</summary>
    public Backend Backend { get; } = backend;

    /// <summary>Where its tensors lie.</summary>
    public Device Device => Backend.Device;

    /// <summary>Whether operations on variables that require gradients are recorded.</summary>
    public bool IsRecording { get; private set; } = recording;

    /// <summary>Number of operations recorded.</summary>
    public int Count => nodes.Count;

    /// <summary>
    /// Says that the forward pass needs <paramref name="variable"/> no more. It is freed unless a backward rule needs it
    /// and it cannot be recomputed cheaply (as normalization outputs can).
    /// </summary>
    public static void Release(Variable variable)
    {
        if (variable.CanRecompute || !variable.IsNeededInBackward)
            variable.Free();
    }

    /// <summary>
    /// Adds the gradient of <paramref name="loss"/> to the <see cref="Variable.Gradient"/> of every leaf, freeing intermediate
    /// values on the way.
    /// The tape is empty afterwards.
    /// </summary>
    /// <exception cref="ArgumentException">The loss has more than one element, or nothing that leads to it was
    /// recorded.</exception>
    public void Backward(Variable loss)
    {
        RequireOneElement(loss);
        Backward(loss, Ones(loss));
    }

    /// <summary>The same from any <paramref name="output"/>, whose gradient is given.</summary>
    /// <param name="output">What the gradient is of.</param>
    /// <param name="gradient">Of the output's shape; freed.</param>
    /// <param name="completed">
    /// Called in the midst of the walk with each leaf whose gradient is complete; nothing later in the walk reads the leaf. To be
    /// freed by it where memory counts.
    /// If the walk fails after that, what was called stays done.
    /// </param>
    /// <exception cref="ArgumentException">Nothing that leads to the output was recorded.</exception>
    public void Backward(Variable output, Tensor gradient, Action<Variable>? completed = null)
    {
        if (!nodes.Exists(node => node.Output == output))
        {
            throw new ArgumentException(
                "the loss was not recorded on this tape: it depends on nothing that requires a gradient, the tape does "
                    + "not record, or an earlier Backward emptied it (add losses first)"
            );
        }

        // Leaves with the number of inputs they are that the walk has not passed.
        var ahead = new Dictionary<Variable, int>();
        foreach (Variable input in nodes.SelectMany(node => node.Inputs).Where(input => input.RequiresGradient))
            ahead[input] = ahead.GetValueOrDefault(input) + 1;
        foreach (TapeNode node in nodes)
            ahead.Remove(node.Output);

        Walk(
            output,
            gradient,
            variable => variable.RequiresGradient,
            [],
            createGraph: false,
            frees: true,
            completed is null
                ? null
                : node =>
                {
                    foreach (Variable leaf in node.Inputs.Where(ahead.ContainsKey))
                    {
                        if (--ahead[leaf] > 0)
                            continue;
                        BackwardPass.MovePendingToGradient(this, leaf);
                        if (leaf.Gradient is not null)
                            completed(leaf);
                    }
                }
        );
        foreach (Variable leaf in ahead.Keys)
            BackwardPass.MovePendingToGradient(this, leaf);
        nodes.Clear();
    }

    /// <summary>
    /// The gradients of a one-element <paramref name="output"/> for <paramref name="inputs"/>; zeros where it does not depend on
    /// one.
    /// </summary>
    /// <param name="output">What is differentiated.</param>
    /// <param name="inputs">For what.</param>
    /// <param name="createGraph">Record the backward pass, so that the gradients can be differentiated again.</param>
    /// <exception cref="ArgumentException">The output has more than one element.</exception>
    public Variable[] Gradients(Variable output, IReadOnlyCollection<Variable> inputs, bool createGraph = false)
    {
        RequireOneElement(output);
        var needed = new HashSet<Variable>(inputs);
        foreach (TapeNode node in nodes)
        {
            if (node.Inputs.Any(needed.Contains))
                needed.Add(node.Output);
        }

        if (needed.Contains(output))
            Walk(output, Ones(output), needed.Contains, inputs, createGraph, frees: false);
        return [.. inputs.Select(input => BackwardPass.TakePending(input) ?? Zeros(input))];
    }

    /// <summary>A leaf for this step, such as its images: it knows its tape, so that operators work on it.</summary>
    /// <param name="value">Stays the caller's.</param>
    /// <param name="requiresGradient">Whether <see cref="Backward(Variable)"/> fills its gradient.</param>
    public Variable Input(Tensor value, bool requiresGradient = false) => new(value, requiresGradient) { Tape = this };

    /// <summary>The same with elements of host memory, which are copied to the device; the open scope frees the copy.</summary>
    /// <param name="shape">As many elements.</param>
    /// <param name="elements">Last axis fastest.</param>
    /// <exception cref="ArgumentException">The number of elements is not the shape's.</exception>
    public Variable Input(Shape shape, ReadOnlySpan<float> elements) => Input(Tensor.From(Device, shape, elements));

    /// <summary>Allocates the output of an operation.</summary>
    public Tensor Allocate(Shape shape, DType type) => Tensor.Allocate(Device, shape, type);

    /// <summary>Makes the output of an operation known.</summary>
    /// <param name="name">Name for error messages and profiles.</param>
    /// <param name="value">Output.</param>
    /// <param name="inputs">What it was computed from.</param>
    /// <param name="backward">Its backward rule.</param>
    /// <param name="keeps">Variables whose values the rule reads; all inputs where null.</param>
    /// <param name="recompute">Computes the output again, where that is cheaper than keeping it.</param>
    /// <param name="saved">Tensors kept for the backward rule, freed with the output; at once where the tape does not
    /// record.</param>
    public Variable Record(
        string name,
        Tensor value,
        Variable[] inputs,
        BackwardRule backward,
        Variable[]? keeps = null,
        Func<Tensor>? recompute = null,
        params Tensor[] saved
    )
    {
        bool requiresGradient = IsRecording && inputs.Any(input => input.RequiresGradient);
        var output = new Variable(value, requiresGradient, requiresGradient ? recompute : null) { Tape = this };
        if (requiresGradient)
        {
            foreach (Variable kept in keeps ?? inputs)
                kept.IsNeededInBackward = true;
            nodes.Add(new TapeNode(name, output, inputs, backward, saved));
        }
        else if (!IsRecording)
        {
            // On a recording tape a layer may still update its state from these: there the step's scope frees them.
            foreach (Tensor tensor in saved)
                tensor.Dispose();
        }

        return output;
    }

    /// <summary>Makes an elementwise function of one variable known, whose rule reads its output rather than its input.</summary>
    /// <param name="name">Name for error messages and profiles.</param>
    /// <param name="function">What is computed.</param>
    /// <param name="x">Of what.</param>
    /// <param name="derivative">The input's gradient by the output and its gradient.</param>
    internal Variable RecordByOutput(
        string name,
        UnaryFunction function,
        Variable x,
        Func<Variable, Variable, Variable> derivative
    )
    {
        Tensor y = Allocate(x.Shape, x.DType);
        Backend.Unary(function, x.Value, y);
        Variable output = null!;
        output = Record(name, y, [x], (gy, _) => [derivative(output, gy)], keeps: []);
        output.IsNeededInBackward = output.RequiresGradient;
        return output;
    }

    /// <summary>Refuses to record inside a backward pass an operation whose backward rule is not made of operations.</summary>
    /// <exception cref="NotSupportedException">A second derivative was asked for.</exception>
    public void RequireFirstOrder(string name)
    {
        if (inBackward && IsRecording)
            throw new NotSupportedException(
                $"{name} is fused and has no second derivative; build it from unfused operations where gradients of "
                    + "gradients are needed"
            );
    }

    private static void RequireOneElement(Variable output)
    {
        if (output.Shape.Count != 1)
            throw new ArgumentException($"only a one-element result can be differentiated, not {output.Shape}; sum it first");
    }

    private Variable Zeros(Variable like) => new(Filled(like, 0));

    private Tensor Ones(Variable like) => Filled(like, 1);

    private Tensor Filled(Variable like, double value)
    {
        Tensor tensor = Allocate(like.Shape, like.DType);
        Backend.Fill(tensor, value);
        return tensor;
    }

    private void Walk(
        Variable output,
        Tensor gradient,
        Func<Variable, bool> isNeeded,
        IReadOnlyCollection<Variable> kept,
        bool createGraph,
        bool frees,
        Action<TapeNode>? passed = null
    )
    {
        (bool wasRecording, bool wasInBackward) = (IsRecording, inBackward);
        (IsRecording, inBackward) = (createGraph, true);
        try
        {
            new BackwardPass(this, isNeeded, kept, frees, passed).Run(nodes, output, gradient);
        }
        catch
        {
            // Leaves outlive the tape: what they collected must not enter the next pass.
            foreach (Variable variable in nodes.SelectMany(node => node.Inputs).Append(output))
                variable.Pending = null;
            throw;
        }
        finally
        {
            (IsRecording, inBackward) = (wasRecording, wasInBackward);
        }
    }
}
