using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = a / b, element by element.</summary>
public static class Division
{
    /// <summary>
    /// The quotient of two variables, of one shape or of shapes that broadcast. dy/da = 1 / b, dy/db = -(a / b) / b.
    /// </summary>
    public static Variable Divide(this Tape tape, Variable a, Variable b)
    {
        (a, b) = tape.Aligned(a, b);
        Tensor y = tape.Allocate(a.Shape, a.DType);
        tape.Backend.Binary(BinaryFunction.Divide, a.Value, b.Value, y);
        return tape.Record(
            "divide",
            y,
            [a, b],
            (gy, wanted) =>
                [
                    wanted[0] ? tape.Divide(gy, b) : null,
                    wanted[1] ? tape.Scale(tape.Divide(tape.Multiply(gy, tape.Divide(a, b)), b), -1) : null,
                ]
        );
    }
}
