using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = 1 / (1 + exp(-x)).</summary>
public static class SigmoidOperation
{
    /// <summary>The sigmoid, element by element. dy/dx = y (1 - y).</summary>
    public static Variable Sigmoid(this Tape tape, Variable x) =>
        tape.RecordByOutput(
            "sigmoid",
            UnaryFunction.Sigmoid,
            x,
            (y, gy) => tape.Multiply(gy, tape.Multiply(y, tape.Scale(y, -1, 1)))
        );
}
