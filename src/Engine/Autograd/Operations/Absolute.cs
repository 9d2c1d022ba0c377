using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = |x|.</summary>
public static class Absolute
{
    /// <summary>The absolute value, element by element. dy/dx = sign(x), 0 at 0.</summary>
    public static Variable Abs(this Tape tape, Variable x)
    {
        Tensor y = tape.Allocate(x.Shape, x.DType);
        tape.Backend.Unary(UnaryFunction.Absolute, x.Value, y);
        return tape.Record(
            "abs",
            y,
            [x],
            (gy, _) =>
            {
                Tensor sign = tape.Allocate(x.Shape, x.DType);
                tape.Backend.Unary(UnaryFunction.Sign, x.Value, sign);
                return [tape.Multiply(gy, new Variable(sign))];
            }
        );
    }
}
