using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd;

/// <summary>
/// One walk over a tape from its end: hands each node's gradient to its rule and adds up what the rule returns.
/// </summary>
/// <param name="tape">Computes the sums.</param>
/// <param name="isNeeded">Whether a gradient for a variable is of use.</param>
/// <param name="kept">Variables whose <see cref="Variable.Pending"/> gradient stays after the walk.</param>
/// <param name="frees">Free values and gradients as soon as they have served.</param>
/// <param name="passed">Called when a node's rule has run.</param>
internal sealed class BackwardPass(
    Tape tape,
    Func<Variable, bool> isNeeded,
    IReadOnlyCollection<Variable> kept,
    bool frees,
    Action<TapeNode>? passed
)
{
    public void Run(List<TapeNode> nodes, Variable output, Tensor gradient)
    {
        Collect(output, new Variable(gradient));

        // With createGraph the rules append nodes while this runs; those are not part of the walk.
        for (int i = nodes.Count - 1; i >= 0; i--)
        {
            Propagate(nodes[i]);
            if (frees)
                FreeValues(nodes[i], output);
            passed?.Invoke(nodes[i]);
        }
    }

    /// <summary>Gives a leaf the gradient that the walk collected for it.</summary>
    public static void MovePendingToGradient(Tape tape, Variable leaf)
    {
        if (leaf.Pending is not { } pending)
            return;

        // A handle of its own: another leaf may hold the same gradient.
        Tensor gradient = pending.Value.Reshape(leaf.Shape).Detach();
        DropPending(leaf, free: true);
        if (leaf.Gradient is { } earlier)
        {
            Tensor sum = tape.Allocate(leaf.Shape, leaf.DType).Detach();
            tape.Backend.Binary(BinaryFunction.Add, earlier, gradient, sum);
            earlier.Dispose();
            gradient.Dispose();
            gradient = sum;
        }

        leaf.Gradient = gradient;
    }

    /// <summary>The gradient that a walk collected for a variable, which forgets it; null where none came.</summary>
    public static Variable? TakePending(Variable variable)
    {
        Variable? gradient = variable.Pending;
        if (gradient is not null)
            DropPending(variable, free: false);
        return gradient;
    }

    private static void DropPending(Variable target, bool free)
    {
        Variable gradient = target.Pending!;
        target.Pending = null;
        if (--gradient.PendingUses == 0 && free)
            gradient.Free();
    }

    private static void FreeValues(TapeNode node, Variable root)
    {
        foreach (Tensor tensor in node.Saved)
            tensor.Dispose();
        if (node.Output != root && !node.Output.IsRetained)
            node.Output.Free();
    }

    private void Propagate(TapeNode node)
    {
        if (node.Output.Pending is not { } gradient)
            return;

        Span<bool> wanted = stackalloc bool[node.Inputs.Length];
        for (int i = 0; i < wanted.Length; i++)
            wanted[i] = isNeeded(node.Inputs[i]);

        Variable?[] gradients = node.Backward(gradient, wanted);
        for (int i = 0; i < wanted.Length; i++)
        {
            if (wanted[i] && gradients[i] is { } inputGradient)
                Collect(node.Inputs[i], inputGradient);
        }

        if (!kept.Contains(node.Output))
            DropPending(node.Output, frees);
    }

    private void Collect(Variable target, Variable gradient)
    {
        if (gradient.Shape != target.Shape)
            throw new InvalidOperationException(
                $"a backward rule gave a gradient of shape {gradient.Shape} for a variable of shape {target.Shape}"
            );
        if (gradient.DType != target.DType)
            throw new InvalidOperationException(
                $"a backward rule gave a gradient of {gradient.DType} for a variable of {target.DType}"
            );
        if (target.Pending is { } earlier)
        {
            Variable sum = tape.Add(earlier, gradient);
            DropPending(target, frees);
            if (frees && gradient.PendingUses == 0)
                gradient.Free();
            gradient = sum;
        }

        gradient.PendingUses++;
        target.Pending = gradient;
    }
}
