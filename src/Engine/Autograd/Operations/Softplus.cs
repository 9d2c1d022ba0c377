using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = ln(1 + exp(x)), without overflow.</summary>
public static class SoftplusOperation
{
    /// <summary>The softplus, element by element. dy/dx = sigmoid(x).</summary>
    public static Variable Softplus(this Tape tape, Variable x)
    {
        Tensor y = tape.Allocate(x.Shape, x.DType);
        tape.Backend.Unary(UnaryFunction.Softplus, x.Value, y);
        return tape.Record("softplus", y, [x], (gy, _) => [tape.Multiply(gy, tape.Sigmoid(x))]);
    }
}
