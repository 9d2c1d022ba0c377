using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = sqrt(x).</summary>
public static class SquareRoot
{
    /// <summary>The square root, element by element. dy/dx = 1 / (2 y).</summary>
    public static Variable Sqrt(this Tape tape, Variable x)
    {
        Tensor y = tape.Allocate(x.Shape, x.DType);
        tape.Backend.Unary(UnaryFunction.SquareRoot, x.Value, y);
        Variable output = null!;
        output = tape.Record("sqrt", y, [x], (gy, _) => [tape.Scale(tape.Divide(gy, output), 0.5)], keeps: []);
        output.IsNeededInBackward = output.RequiresGradient;
        return output;
    }
}
