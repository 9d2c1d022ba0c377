using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = sqrt(x).</summary>
public static class SquareRoot
{
    /// <summary>The square root, element by element. dy/dx = 1 / (2 y).</summary>
    public static Variable Sqrt(this Tape tape, Variable x) =>
        tape.RecordByOutput("sqrt", UnaryFunction.SquareRoot, x, (y, gy) => tape.Scale(tape.Divide(gy, y), 0.5));
}
