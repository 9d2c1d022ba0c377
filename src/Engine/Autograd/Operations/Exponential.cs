using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = exp(x).</summary>
public static class Exponential
{
    /// <summary>exp(x), element by element.</summary>
    public static Variable Exp(this Tape tape, Variable x)
    {
        Tensor y = tape.Allocate(x.Shape, x.DType);
        tape.Backend.Unary(UnaryFunction.Exponential, x.Value, y);
        Variable output = null!;
        output = tape.Record("exp", y, [x], (gy, _) => [tape.Multiply(gy, output)], keeps: []);
        output.IsNeededInBackward = output.RequiresGradient;
        return output;
    }
}
