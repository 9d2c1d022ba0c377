namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Vectors of length one.</summary>
public static class L2Normalization
{
    /// <summary>x / sqrt(sum of x^2 + epsilon^2) over an axis, by default the last: a vector of zeros stays.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="x">Any shape with an axis.</param>
    /// <param name="axis">By default the channels.</param>
    /// <param name="epsilon">A length far below any that matters.</param>
    public static Variable L2Normalize(this Tape tape, Variable x, Index? axis = null, double epsilon = 1e-12)
    {
        int first = (axis ?? ^1).GetOffset(x.Shape.Rank);
        Variable squares = tape.Sum(tape.Multiply(x, x), first, 1),
            length = tape.Sqrt(tape.Scale(squares, 1, epsilon * epsilon));
        return tape.Divide(x, tape.Broadcast(length, x.Shape, first, 1));
    }
}
