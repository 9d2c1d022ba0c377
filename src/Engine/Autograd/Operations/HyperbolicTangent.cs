using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = tanh(x).</summary>
public static class HyperbolicTangent
{
    /// <summary>The hyperbolic tangent, element by element. dy/dx = 1 - y^2.</summary>
    public static Variable Tanh(this Tape tape, Variable x) =>
        tape.RecordByOutput(
            "tanh",
            UnaryFunction.HyperbolicTangent,
            x,
            (y, gy) => tape.Multiply(gy, tape.Scale(tape.Multiply(y, y), -1, 1))
        );
}
