using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = ln(x).</summary>
public static class Logarithm
{
    /// <summary>The natural logarithm, element by element.</summary>
    public static Variable Log(this Tape tape, Variable x)
    {
        Tensor y = tape.Allocate(x.Shape, x.DType);
        tape.Backend.Unary(UnaryFunction.Logarithm, x.Value, y);
        return tape.Record("log", y, [x], (gy, _) => [tape.Divide(gy, x)]);
    }
}
