using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = max(x, 0). Nair and Hinton 2010.</summary>
public static class ReluOperation
{
    /// <summary>The ReLU, element by element. dy/dx = 1 above 0, and 0 at 0 as in PyTorch.</summary>
    public static Variable Relu(this Tape tape, Variable x) =>
        tape.RecordByOutput(
            "relu",
            UnaryFunction.Relu,
            x,
            (y, gy) =>
            {
                Tensor isPositive = tape.Allocate(y.Shape, y.DType);
                tape.Backend.Unary(UnaryFunction.Sign, y.Value, isPositive);
                return tape.Multiply(gy, new Variable(isPositive));
            }
        );
}
