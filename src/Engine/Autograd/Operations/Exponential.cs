using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = exp(x).</summary>
public static class Exponential
{
    /// <summary>exp(x), element by element.</summary>
    public static Variable Exp(this Tape tape, Variable x) =>
        tape.RecordByOutput("exp", UnaryFunction.Exponential, x, (y, gy) => tape.Multiply(gy, y));
}
